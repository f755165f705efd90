"""Covariances and histograms."""
from ops.table import op

op("cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None) -> Tensor", forms="fm", ref="numpy.cov",
   doc="How the rows of a matrix vary together (covariances). Each column is an observation, counted fweights times with importance aweights.")
op("corrcoef(Tensor self) -> Tensor", forms="fm", ref="numpy.corrcoef", doc="How the rows of a matrix vary together, from -1 to 1 (Pearson's correlation coefficients).")
HISTOGRAM = "Tensor? weight=None, bool density=False) -> (Tensor hist, Tensor bin_edges)"
op("histogram(Tensor self, int bins=100, *, float[]? range=None, " + HISTOGRAM, forms="fmo", not_diff=True, ref="numpy.histogram",
   doc="How many elements, or what weight, fall into each of `bins` equal parts of a range; with density, as a share for each unit of width.")
op("histogram.tensor(Tensor self, Tensor bins, *, " + HISTOGRAM, forms="fmo", not_diff=True)
op("_histogramdd(Tensor self, Tensor[] bins, Tensor? weight=None, bool density=False) -> Tensor", forms="f", not_diff=True,
   doc="How many points, or what weight, fall into each box of a grid.")
op("_histogramdd_bin_edges(Tensor self, int[] bins, *, float[]? range=None, Tensor? weight=None) -> Tensor[]", forms="f", not_diff=True,
   doc="The edges of a grid of equal boxes around the points.")
