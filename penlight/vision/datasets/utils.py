"""Fetching and unpacking: downloads that resume, are checked and appear whole or not at all, and careful extraction.

The addresses go through the proxies that `http_proxy` and `https_proxy` name.

Example:
    >>> import os, tempfile
    >>> from penlight.vision.datasets.utils import check_integrity
    >>> check_integrity(os.path.join(tempfile.gettempdir(), "no such file"))
    False
"""

import bz2
import contextlib
import fcntl
import gzip
import hashlib
import http.client
import lzma
import os
import pathlib
import shutil
import stat
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile

__all__ = [
    "calculate_md5",
    "check_md5",
    "check_integrity",
    "download_url",
    "download_file_from_google_drive",
    "extract_archive",
    "download_and_extract_archive",
    "list_dir",
    "list_files",
    "verify_str_arg",
]

USER_AGENT = "penlight/vision"
TIMEOUT = 30  # seconds without a byte, after which the connection is given up and made again
TRIES = 5  # connections in a row that may bring nothing new
CHUNK = 1 << 16


def calculate_md5(fpath, chunk_size=1024 * 1024):
    """Give the MD5 sum of a file, in hexadecimal."""
    md5 = hashlib.md5(usedforsecurity=False)
    with open(fpath, "rb") as f:
        while chunk := f.read(chunk_size):
            md5.update(chunk)
    return md5.hexdigest()


def check_md5(fpath, md5, **kwargs):
    """Tell whether the file has this MD5 sum."""
    return md5 == calculate_md5(fpath, **kwargs)


def check_integrity(fpath, md5=None):
    """Tell whether the file is there and, when `md5` is given, has that sum."""
    return os.path.isfile(fpath) and (md5 is None or check_md5(fpath, md5))


class _Redirects(urllib.request.HTTPRedirectHandler):
    def __init__(self, most):
        self.most, self.hops = most, 0

    def redirect_request(self, request, fp, code, msg, headers, newurl):
        self.hops += 1
        if self.hops > self.most:
            raise RecursionError(
                f"Request to {request.full_url} exceeded {self.most} redirects. The last redirect points to {newurl}."
            )
        return super().redirect_request(request, fp, code, msg, headers, newurl)


def _open(url, start, max_redirect_hops):
    headers = {"User-Agent": USER_AGENT}
    if start:
        headers["Range"] = f"bytes={start}-"
    opener = urllib.request.build_opener(_Redirects(max_redirect_hops))  # reads the proxies of this moment
    return opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)


def _receive(url, file, max_redirect_hops, bar):
    """Append to `file` what it lacks, over as many connections as it takes."""
    fruitless, most = 0, file.tell()
    while True:
        before = file.tell()
        try:
            with _open(url, before, max_redirect_hops) as response:
                if before and response.status != 206:  # the server sends the whole file again
                    file.seek(0)
                    file.truncate()
                    before = 0
                length = response.headers.get("Content-Length")
                wanted = None if length is None else before + int(length)
                bar.total, bar.n = wanted, before
                while chunk := response.read(CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))
            if wanted is None or file.tell() >= wanted:
                return
            problem = f"the connection ended after {file.tell()} of {wanted} bytes"
        except urllib.error.HTTPError as error:
            if error.code == 416 and before:  # nothing is left to send
                return
            raise
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)  # a name that nobody knows will not be known at the next try
            if isinstance(error, urllib.error.URLError) and not isinstance(reason, (TimeoutError, ConnectionError)):
                raise
            problem = error
        fruitless = 0 if file.tell() > most else fruitless + 1
        most = max(most, file.tell())
        if fruitless >= TRIES:
            raise urllib.error.URLError(f"{problem} (tried {TRIES} times)")
        time.sleep(0.1 * 2**fruitless)


def download_url(url, root, filename=None, md5=None, max_redirect_hops=3):
    """Fetch `url` into the folder `root`, with a progress bar; nothing happens where the right file is already there.

    The bytes go to `filename.part` first, and the file appears when it is complete and its MD5 sum right. A broken or
    silent connection is made again and goes on where it stopped; with `md5` also what an earlier run has left.
    Several processes that want the same file wait for the first one.

    Raises urllib.error.URLError where the address cannot be read, RuntimeError for wrong bytes, RecursionError for
    more than `max_redirect_hops` redirects.
    """
    from tqdm import tqdm

    root = os.path.expanduser(root)
    filename = filename or os.path.basename(urllib.parse.urlsplit(url).path)
    fpath = os.fspath(os.path.join(root, filename))
    os.makedirs(root, exist_ok=True)
    if check_integrity(fpath, md5):
        return
    part = fpath + ".part"
    with open(part, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if check_integrity(fpath, md5):  # another process was first
            with contextlib.suppress(FileNotFoundError):
                os.remove(part)
            return
        leftover = file.tell() > 0
        if leftover and md5 is None:  # without a sum nobody can tell whether it belongs to this file
            file.seek(0)
            file.truncate()
            leftover = False
        with tqdm(unit="B", unit_scale=True, unit_divisor=1024, desc=os.path.basename(fpath)) as bar:
            _receive(url, file, max_redirect_hops, bar)
            file.flush()
            if leftover and not check_integrity(part, md5):  # the rest of another file: once more from the beginning
                file.seek(0)
                file.truncate()
                _receive(url, file, max_redirect_hops, bar)
                file.flush()
        if not check_integrity(part, md5):
            os.remove(part)
            raise RuntimeError(f"File not found or corrupted. {url} gave a file whose MD5 sum is not {md5}.")
        os.replace(part, fpath)


def download_file_from_google_drive(file_id, root, filename=None, md5=None):
    """Fetch a shared file of Google Drive by its id into the folder `root`, like `download_url`."""
    root = os.path.expanduser(root)
    fpath = os.path.join(root, filename or file_id)
    if check_integrity(fpath, md5):
        return
    url = f"https://drive.usercontent.google.com/download?id={file_id}&export=download&confirm=t"
    download_url(url, root, filename or file_id, md5)
    with open(fpath, "rb") as f:
        page = f.read(512).lstrip().lower().startswith((b"<!doctype html", b"<html"))
    if page:
        os.remove(fpath)
        raise RuntimeError(
            f"The daily quota of the file {filename or file_id} is exceeded and it can't be downloaded: Google Drive "
            "sent a page instead; try again tomorrow, or fetch it with a browser"
        )


# ---- archives

_COMPRESSIONS = {".bz2": bz2.open, ".gz": gzip.open, ".xz": lzma.open}
_SUFFIXES = {  # suffix -> (archive type, compression)
    ".tbz": (".tar", ".bz2"),
    ".tbz2": (".tar", ".bz2"),
    ".tgz": (".tar", ".gz"),
    ".tar": (".tar", None),
    ".zip": (".zip", None),
    **{suffix: (None, suffix) for suffix in _COMPRESSIONS},
}


def _detect_file_type(file):
    """(suffix, archive type, compression) by the name of the file."""
    suffixes = pathlib.Path(file).suffixes
    if not suffixes:
        raise RuntimeError(
            f"File '{file}' has no suffixes that could be used to detect the archive type and compression."
        )
    last = suffixes[-1]
    if last not in _SUFFIXES:
        known = sorted(_SUFFIXES)
        raise RuntimeError(f"Unknown compression or archive type: '{last}'.\nKnown suffixes are: '{known}'.")
    if last in _COMPRESSIONS and len(suffixes) > 1 and suffixes[-2] == ".tar":
        return ".tar" + last, ".tar", last
    return (last, *_SUFFIXES[last])


def _inside(root, name, archive):
    """The path of a member, refused where it would leave `root`."""
    root = os.path.realpath(root)
    path = os.path.realpath(os.path.join(root, name))
    if os.path.isabs(name) or ".." in pathlib.PurePosixPath(name).parts or os.path.commonpath([root, path]) != root:
        raise RuntimeError(f"{archive} holds {name!r}, which would be written outside of {root}: refused")
    return path


def _extract_tar(from_path, to_path, compression):
    with tarfile.open(from_path, f"r:{compression[1:]}" if compression else "r") as tar:
        members = tar.getmembers()
        for member in members:  # all of them, before the first byte is written
            _inside(to_path, member.name, from_path)
            if not (member.isfile() or member.isdir() or member.islnk()):
                raise RuntimeError(f"{from_path} holds {member.name!r}, a link or a device file: refused")
            if member.islnk():
                _inside(to_path, member.linkname, from_path)
        for member in members:
            path = _inside(to_path, member.name, from_path)
            if member.isdir():
                os.makedirs(path, exist_ok=True)
                continue
            # A hard link becomes a copy of the member that it names; links are never made.
            _write(tar.extractfile(member), path, member.mode & 0o777 | stat.S_IRUSR | stat.S_IWUSR)


def _extract_zip(from_path, to_path, compression):
    with zipfile.ZipFile(from_path) as archive:
        members = archive.infolist()
        for member in members:
            _inside(to_path, member.filename, from_path)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise RuntimeError(f"{from_path} holds {member.filename!r}, a link or a device file: refused")
        for member in members:
            path = _inside(to_path, member.filename, from_path)
            if member.is_dir():
                os.makedirs(path, exist_ok=True)
            else:
                _write(archive.open(member), path)


def _write(source, path, mode=None):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with source, open(path, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    if mode is not None:
        os.chmod(path, mode)


def _decompress(from_path, to_path, open_compressed):
    part = f"{to_path}.part"
    with open_compressed(from_path, "rb") as source, open(part, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    os.replace(part, to_path)


def extract_archive(from_path, to_path=None, remove_finished=False):
    """Unpack a .tar (.gz, .bz2, .xz) or .zip into the folder `to_path`, or one .gz, .bz2, .xz file beside itself.

    Members that would leave the folder, links and device files are refused (RuntimeError) before anything is written.
    Gives back the path of the result.
    """
    from_path = os.fspath(from_path)
    suffix, archive, compression = _detect_file_type(from_path)
    if archive is None:
        target = from_path[: -len(suffix)] if to_path is None else os.fspath(to_path)
        if os.path.isdir(target):
            target = os.path.join(target, os.path.basename(from_path)[: -len(suffix)])
        _decompress(from_path, target, _COMPRESSIONS[compression])
        to_path = target
    else:
        to_path = os.path.dirname(from_path) if to_path is None else os.fspath(to_path)
        os.makedirs(to_path or ".", exist_ok=True)
        (_extract_tar if archive == ".tar" else _extract_zip)(from_path, to_path, compression)
    if remove_finished:
        os.remove(from_path)
    return to_path


def download_and_extract_archive(
    url, download_root, extract_root=None, filename=None, md5=None, remove_finished=False
):
    """Fetch an archive into `download_root` and unpack it into `extract_root` (None: the same folder)."""
    download_root = os.path.expanduser(download_root)
    filename = filename or os.path.basename(urllib.parse.urlsplit(url).path)
    download_url(url, download_root, filename, md5)
    archive = os.path.join(download_root, filename)
    _, kind, _ = _detect_file_type(archive)
    target = extract_root or download_root
    extract_archive(archive, target if kind else None if target == download_root else target, remove_finished)


# ---- small helpers of the datasets


def list_dir(root, prefix=False):
    """The names of the folders in `root` (with `prefix`, their paths)."""
    root = os.path.expanduser(root)
    found = [d for d in os.listdir(root) if os.path.isdir(os.path.join(root, d))]
    return [os.path.join(root, d) for d in found] if prefix else found


def list_files(root, suffix, prefix=False):
    """The names of the files in `root` that end in `suffix` (with `prefix`, their paths)."""
    root = os.path.expanduser(root)
    found = [f for f in os.listdir(root) if os.path.isfile(os.path.join(root, f)) and f.endswith(suffix)]
    return [os.path.join(root, f) for f in found] if prefix else found


def iterable_to_str(iterable):
    """'a', 'b' and so on, for messages."""
    return "'" + "', '".join([str(item) for item in iterable]) + "'"


def verify_str_arg(value, arg=None, valid_values=None, custom_msg=None):
    """Give back `value` where it is one of the valid words; ValueError with the list of them otherwise."""
    if not isinstance(value, str):
        place = "" if arg is None else f" for argument {arg}"
        raise ValueError(f"Expected type str{place}, but got type {type(value)}.")
    if valid_values is not None and value not in valid_values:
        raise ValueError(
            custom_msg
            or f"Unknown value '{value}' for argument {arg}. Valid values are {{{iterable_to_str(valid_values)}}}."
        )
    return value


def loadmat(path, **options):
    """Read a MATLAB file with SciPy, which Penlight does not bring along."""
    try:
        from scipy import io
    except ImportError:
        message = "Scipy is not found. This dataset needs to have scipy installed: pip install scipy"
        raise RuntimeError(message) from None
    return io.loadmat(path, **options)
