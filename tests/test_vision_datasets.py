"""penlight.vision.datasets: files made on the spot, and downloads from a server that misbehaves."""

import contextlib
import gzip
import hashlib
import http.server
import io
import json
import os
import pickle
import struct
import tarfile
import threading
import urllib.error
import zipfile

import numpy as np
import pytest
from PIL import Image

import penlight as torch
from penlight.vision import datasets
from penlight.vision import transforms as T
from penlight.vision.datasets import utils

DATA = bytes(range(256)) * 400  # 100 KiB
MD5 = hashlib.md5(DATA).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Plays the tricks that the path names; `server.log` keeps (path, Range)."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, asked = self.path, self.headers.get("Range")
        self.server.log.append((path, asked))
        name = path.rsplit("/", 1)[1]
        if name.startswith("redirect"):
            left = int(name[8:])
            self.send_response(302)
            self.send_header("Location", f"/redirect{left - 1}" if left > 1 else "/file.bin")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if name == "missing":
            self.send_error(404)
            return
        body = self.server.files.get(name, DATA)
        start = int(asked[6:-1]) if asked and "norange" not in name else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        part = body[start:]
        if name == "wrong":
            part = b"x" * len(part)
        if name.startswith("cut"):  # the connection breaks after a third of the file
            part = part[: len(body) // 3]
            self.close_connection = True
        self.wfile.write(part)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serve(**files):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.log, server.files, server.daemon_threads = [], files, True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(utils.time, "sleep", lambda seconds: None)


# ---- downloads


@pytest.mark.parametrize("name", ["file.bin", "cut.bin", "cut_norange.bin"])
def test_download(tmp_path, name):
    with serve() as (address, server):
        if name == "cut_norange.bin":  # never more than a third arrives: it gives up, and leaves no half file behind
            with pytest.raises(urllib.error.URLError, match="the connection ended after"):
                utils.download_url(address + name, tmp_path, md5=MD5)
            assert not (tmp_path / name).exists()
            return
        utils.download_url(address + name, tmp_path, md5=MD5)
        assert (tmp_path / name).read_bytes() == DATA and os.listdir(tmp_path) == [name]
        requests = len(server.log)
        utils.download_url(address + name, tmp_path, md5=MD5)
        assert len(server.log) == requests  # it is there already
    if name == "cut.bin":
        assert [r for _, r in server.log][1:] == [f"bytes={len(DATA) // 3}-", f"bytes={2 * (len(DATA) // 3)}-", *[f"bytes={3 * (len(DATA) // 3)}-"] * (len(DATA) % 3 > 0)]


def test_download_goes_on_with_what_an_earlier_run_left(tmp_path):
    with serve() as (address, server):
        (tmp_path / "a.bin.part").write_bytes(DATA[:1000])
        utils.download_url(address + "a.bin", tmp_path, md5=MD5)
        assert server.log == [("/a.bin", "bytes=1000-")] and (tmp_path / "a.bin").read_bytes() == DATA
        (tmp_path / "b.bin.part").write_bytes(b"of another file")
        utils.download_url(address + "b.bin", tmp_path, md5=MD5)
        assert (tmp_path / "b.bin").read_bytes() == DATA


def test_download_wrong_bytes(tmp_path):
    with serve() as (address, _):
        with pytest.raises(RuntimeError, match="File not found or corrupted"):
            utils.download_url(address + "wrong", tmp_path, md5=MD5)
        with pytest.raises(urllib.error.HTTPError):
            utils.download_url(address + "missing", tmp_path)
    assert not any(name for name in os.listdir(tmp_path) if not name.endswith(".part"))


def test_download_redirects(tmp_path):
    with serve() as (address, _):
        utils.download_url(address + "redirect3", tmp_path, "x", MD5)
        assert (tmp_path / "x").read_bytes() == DATA
        with pytest.raises(RecursionError, match="exceeded 3 redirects"):
            utils.download_url(address + "redirect4", tmp_path, "y", MD5)


def test_download_silent_server(tmp_path, monkeypatch):
    monkeypatch.setattr(utils, "TIMEOUT", 0.05)
    monkeypatch.setattr(utils, "TRIES", 2)
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(urllib.error.URLError, match="timed out"):
            utils.download_url(f"http://127.0.0.1:{silent.getsockname()[1]}/x", tmp_path)


def test_download_together(tmp_path):
    with serve() as (address, server):
        threads = [
            threading.Thread(target=utils.download_url, args=(address + "file.bin", tmp_path), kwargs={"md5": MD5})
            for _ in range(4)
        ]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert len(server.log) == 1 and os.listdir(tmp_path) == ["file.bin"]


def idx(dims, payload):
    return gzip.compress(struct.pack(">" + "I" * (1 + len(dims)), 0x800 + len(dims), *dims) + payload, mtime=0)


def test_mnist_mirrors_and_proxy(tmp_path, monkeypatch):
    files = {
        "train-images-idx3-ubyte.gz": idx((2, 28, 28), bytes(1000) + bytes(range(256)) + bytes(312)),
        "train-labels-idx1-ubyte.gz": idx((2,), bytes([7, 1])),
        "t10k-images-idx3-ubyte.gz": idx((1, 28, 28), bytes(784)),
        "t10k-labels-idx1-ubyte.gz": idx((1,), bytes([4])),
    }

    class Small(datasets.MNIST):
        resources = [(name, hashlib.md5(content).hexdigest()) for name, content in files.items()]

    with serve(**files) as (address, server):
        Small.mirrors = ["http://127.0.0.1:9/", address]  # nobody listens at the first
        d = Small(str(tmp_path), download=True, transform=T.ToTensor())
        assert len(d) == 2 and d[1][1] == 1 and d[0][0].shape == (1, 28, 28) and len(server.log) == 4
        assert repr(d).startswith("Dataset Small\n    Number of datapoints: 2\n    Root location: ")
        monkeypatch.setenv("http_proxy", address)
        Small.mirrors = ["http://data.invalid/"]
        assert Small(str(tmp_path / "2"), train=False, download=True)[0][1] == 4
        assert server.log[-1][0].startswith("http://data.invalid/")
        Small.resources = [(name, "0" * 32) for name in files]
        with pytest.raises(RuntimeError, match="Error downloading train-images"):
            Small(str(tmp_path / "3"), download=True)
    with pytest.raises(RuntimeError, match="Dataset not found. You can use download=True to download it"):
        datasets.MNIST(str(tmp_path))


def test_idx_files_are_checked(tmp_path):
    from penlight.vision.datasets.mnist import read_sn3_pascalvincent_tensor

    path = tmp_path / "x"
    for content in (b"", b"\0\0\x08\x01\0\0\0\x05abc", b"\0\0\x08\x01\xff\xff\xff\xff", b"<html></html>"):
        path.write_bytes(content)
        with pytest.raises(ValueError):
            read_sn3_pascalvincent_tensor(str(path))
    path.write_bytes(struct.pack(">IIIhh", 0x0B02, 1, 2, -3, 300))
    assert read_sn3_pascalvincent_tensor(str(path)).tolist() == [[-3, 300]]


# ---- archives


def tar_with(path, *members):
    with tarfile.open(path, "w:gz") as tar:
        for name, kind, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            info.size = 2 if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(b"hi") if info.size else None)


def test_extract(tmp_path):
    archive = tmp_path / "a.tar.gz"
    tar_with(archive, ("d/x", tarfile.REGTYPE, ""), ("d/y", tarfile.LNKTYPE, "d/x"))
    utils.extract_archive(archive, tmp_path / "out")
    assert (tmp_path / "out/d/x").read_bytes() == (tmp_path / "out/d/y").read_bytes() == b"hi"
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as z:
        z.writestr("e/z", "ho")
    utils.extract_archive(tmp_path / "b.zip", remove_finished=True)
    assert (tmp_path / "e/z").read_text() == "ho" and not (tmp_path / "b.zip").exists()
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(b"text"))
    assert utils.extract_archive(tmp_path / "c.txt.gz") == str(tmp_path / "c.txt")
    assert (tmp_path / "c.txt").read_bytes() == b"text"
    with pytest.raises(RuntimeError, match="Unknown compression or archive type: '.txt'"):
        utils.extract_archive(tmp_path / "c.txt")


REG, SYM, LNK = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize(
    "members",
    [
        [("../x", REG, "")],
        [("/tmp/x", REG, "")],
        [("a/../../x", REG, "")],
        [("l", SYM, "/etc"), ("l/x", REG, "")],
        [("l", SYM, "..")],
        [("l", LNK, "../x")],
        [("p", tarfile.FIFOTYPE, "")],
    ],
)
def test_tar_refused(tmp_path, members):
    tar_with(tmp_path / "a.tgz", ("fine", REG, ""), *members)
    with pytest.raises(RuntimeError, match="refused"):
        utils.extract_archive(tmp_path / "a.tgz", tmp_path / "out")
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.parametrize("name,mode", [("../x", 0), ("/x", 0), ("link", 0o120777)])
def test_zip_refused(tmp_path, name, mode):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as z:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        z.writestr(info, "/etc/passwd")
    with pytest.raises(RuntimeError, match="refused"):
        utils.extract_archive(tmp_path / "a.zip", tmp_path / "out")
    assert os.listdir(tmp_path / "out") == []


def test_extract_does_not_follow_links_that_lie_there(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/l").symlink_to(tmp_path)
    tar_with(tmp_path / "a.tgz", ("l/x", REG, ""))
    with pytest.raises(RuntimeError, match="refused"):
        utils.extract_archive(tmp_path / "a.tgz", tmp_path / "out")


# ---- datasets


def write_image(path, color=(200, 10, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (5, 4), color).save(path)


def test_cifar(tmp_path, monkeypatch):
    rows = np.arange(2 * 3072, dtype=np.uint32).astype("uint8").reshape(2, 3072)
    folder = tmp_path / datasets.CIFAR10.base_folder
    folder.mkdir()
    batch = pickle.dumps({"data": rows, "labels": [3, 1]}, protocol=2)
    meta = pickle.dumps({"label_names": ["a", "b"]}, protocol=2)
    names = [name for name, _ in datasets.CIFAR10.train_list + datasets.CIFAR10.test_list]
    for name in names:
        (folder / name).write_bytes(batch)
    (folder / "batches.meta").write_bytes(meta)
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted"):
        datasets.CIFAR10(str(tmp_path))
    md5 = lambda content: hashlib.md5(content).hexdigest()
    monkeypatch.setattr(datasets.CIFAR10, "train_list", [[n, md5(batch)] for n in names[:-1]])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [[names[-1], md5(batch)]])
    monkeypatch.setitem(datasets.CIFAR10.meta, "md5", md5(meta))
    d = datasets.CIFAR10(str(tmp_path))
    assert len(d) == 10 and d.data.shape == (10, 32, 32, 3) and d.classes == ["a", "b"]
    image, target = d[1]
    assert target == 1 and (np.array(image) == rows[1].reshape(3, 32, 32).transpose(1, 2, 0)).all()


def test_cifar_pickles_run_no_code(tmp_path):
    from penlight.vision.datasets.cifar import _read

    class Bad:
        def __reduce__(self):
            return os.system, ("true",)

    (tmp_path / "x").write_bytes(pickle.dumps({"data": Bad()}))
    with pytest.raises(pickle.UnpicklingError, match="refused"):
        _read(tmp_path / "x")


def test_image_folder(tmp_path):
    for name in ("b c/1.png", "b c/deep/2.JPG", "a/3.jpeg"):
        write_image(tmp_path / name)
    (tmp_path / "a/notes.txt").write_text("x")
    d = datasets.ImageFolder(str(tmp_path), target_transform=lambda y: y + 5)
    assert d.classes == ["a", "b c"] and d.targets == [0, 1, 1] and [t for _, t in d] == [5, 6, 6]
    assert d[0][0].mode == "RGB" and d[0][0].size == (5, 4)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="Found no valid file for the classes empty"):
        datasets.ImageFolder(str(tmp_path))
    assert len(datasets.ImageFolder(str(tmp_path), allow_empty=True)) == 3
    with pytest.raises(FileNotFoundError):
        datasets.ImageFolder(str(tmp_path / "none"))
    with pytest.raises(ValueError, match="Only transforms or transform/target_transform"):
        datasets.VisionDataset(str(tmp_path), transforms=lambda a, b: (a, b), transform=lambda a: a)


def test_voc_detection(tmp_path):
    base = tmp_path / "VOCdevkit/VOC2012"
    write_image(base / "JPEGImages/x.jpg")
    for folder, name, text in (
        ("ImageSets/Main", "train.txt", "x\n"),
        ("Annotations", "x.xml", "<annotation><size><width>5</width></size><object><name>dog</name></object></annotation>"),
    ):
        (base / folder).mkdir(parents=True)
        (base / folder / name).write_text(text)
    image, target = datasets.VOCDetection(str(tmp_path))[0]
    assert image.size == (5, 4)
    assert target == {"annotation": {"size": {"width": "5"}, "object": [{"name": "dog"}]}}


def test_coco(tmp_path):
    write_image(tmp_path / "1.jpg")
    content = {
        "images": [{"id": 9, "file_name": "1.jpg"}],
        "annotations": [{"id": 1, "image_id": 9, "bbox": [1, 2, 3, 4], "caption": "red"}],
        "categories": [],
    }
    (tmp_path / "c.json").write_text(json.dumps(content))
    assert datasets.CocoDetection(str(tmp_path), str(tmp_path / "c.json"))[0][1] == content["annotations"]
    assert datasets.CocoCaptions(str(tmp_path), str(tmp_path / "c.json"))[0][1] == ["red"]


def test_celeba(tmp_path, monkeypatch):
    folder = tmp_path / "celeba"
    names = ["000001.jpg", "000002.jpg"]
    for name in names:
        write_image(folder / "img_align_celeba" / name)
    lines = lambda *heads, row: "\n".join([*heads, *(f"{n} {row(i)}" for i, n in enumerate(names))]) + "\n"
    texts = {
        "list_eval_partition.txt": lines(row=lambda i: i),
        "identity_CelebA.txt": lines(row=lambda i: 40 + i),
        "list_bbox_celeba.txt": lines("2", "image_id x y w h", row=lambda i: f" {i}  1 2 3"),
        "list_landmarks_align_celeba.txt": lines("2", "a b", row=lambda i: f"{i} {-i}"),
        "list_attr_celeba.txt": lines("2", "Bald Young", row=lambda i: "-1  1"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    files = [(None, hashlib.md5(text.encode()).hexdigest(), name) for name, text in texts.items()]
    monkeypatch.setattr(datasets.CelebA, "file_list", files)
    d = datasets.CelebA(str(tmp_path), "valid", ["attr", "identity", "bbox", "landmarks"])
    assert len(d) == 1 and [t.tolist() for t in d[0][1]] == [[0, 1], 41, [1, 1, 2, 3], [1, -1]]


def test_fake_data_is_the_same_each_time():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    d = datasets.FakeData(5, (3, 8, 9), 7)
    a, b = d[2], d[2]
    assert (np.array(a[0]) == np.array(b[0])).all() and a[1] == b[1]
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(IndexError):
        d[5]


def test_verify_str_arg():
    assert utils.verify_str_arg("a", "arg", ("a", "b")) == "a"
    with pytest.raises(ValueError, match=r"Unknown value 'c' for argument arg. Valid values are {'a', 'b'}."):
        utils.verify_str_arg("c", "arg", ("a", "b"))
