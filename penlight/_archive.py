"""The container of a checkpoint: a zip archive of uncompressed records, laid out as PyTorch 2.13 lays it out.

Each record starts at a multiple of 64 bytes, so that a file can be mapped into memory; the gap before it is an extra
field "FB" of the record's header. Sizes and checksums stand behind the data (bit 3 of the flags), as miniz writes
them: PyTorch computes the place of a storage from that layout.
"""

import mmap
import struct
import zipfile
import zlib

ALIGNMENT = 64
_LIMIT = 0xFFFFFFFF  # sizes and offsets from here on stand in 64-bit fields
_UTF8, _SIZES_BEHIND = 0x800, 0x8
_CHUNK = 1 << 20  # stays in the cache from reading to checking


class ArchiveWriter:
    """Writes an archive to a file object, front to back (no seeking).

    Args:
        file: has `write(bytes)`.
        name: the folder in the archive under which the records stand.
    """

    def __init__(self, file, name):
        self.file, self.name = file, name
        self.position = 0
        self.directory = []  # the central directory's entries
        self.names_checksum = self.checksum = 0

    def write_record(self, name, data):
        """Write one record from a bytes-like object."""
        path = f"{self.name}/{name}".encode()
        view = memoryview(data).cast("B")
        start, size = self.position, view.nbytes
        flags = _UTF8 | (_SIZES_BEHIND if size else 0)
        extra = _sizes_in_64_bits(size, start)
        extra += _padding(start + 30 + len(path) + len(extra), ALIGNMENT)
        known = [0, _LIMIT, _LIMIT] if size >= _LIMIT else [0, 0, 0]
        self._write(struct.pack("<4s5H3I2H", b"PK\3\4", 0, flags, 0, 0, 0, *known, len(path), len(extra)))
        self._write(path + extra)
        crc = 0
        for begin in range(0, size, _CHUNK):
            chunk = view[begin : begin + _CHUNK]
            crc = zlib.crc32(chunk, crc)
            self._write(chunk)
        if size:
            large = size >= _LIMIT or start >= _LIMIT
            self._write(struct.pack("<4sIQQ" if large else "<4sIII", b"PK\7\10", crc, size, size))
        self.names_checksum = zlib.crc32(path, self.names_checksum)
        self.checksum = zlib.crc32(crc.to_bytes(4, "little"), self.checksum)
        self._add_to_directory(path, flags, crc, size, start)

    def close(self):
        """Write the directory, without which nothing can be read."""
        start = self.position
        self._write(b"".join(self.directory))
        size, count = self.position - start, len(self.directory)
        self._write(struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 798, 45, 0, 0, count, count, size, start))
        self._write(struct.pack("<4sIQI", b"PK\6\7", 0, start + size, 1))
        small = [min(count, 0xFFFF)] * 2 + [min(size, _LIMIT), min(start, _LIMIT)]
        self._write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, *small, 0))

    def _write(self, data):
        self.file.write(data)
        self.position += len(data)

    def _add_to_directory(self, path, flags, crc, size, start):
        extra = _sizes_in_64_bits(size, start)
        self.directory.append(
            struct.pack(
                "<4s6H3I5H2I", b"PK\1\2", 0, 0, flags, 0, 0, 0, crc, min(size, _LIMIT), min(size, _LIMIT),
                len(path), len(extra), 0, 0, 0, 0, min(start, _LIMIT),
            ) + path + extra
        )


def _sizes_in_64_bits(size, start):
    """Give the zip64 extra field: both sizes and the offset, each only if it is too large for 32 bits."""
    fields = [size, size] if size >= _LIMIT else []
    fields += [start] if start >= _LIMIT else []
    return struct.pack(f"<2H{len(fields)}Q", 1, 8 * len(fields), *fields) if fields else b""


def _padding(position, alignment):
    """Give the extra field after which, standing at `position`, comes a multiple of `alignment`."""
    gap = -(position + 4) % alignment
    return struct.pack("<2sH", b"FB", gap) + b"Z" * gap


class DamagedArchive(RuntimeError):
    """The archive is cut short or was changed."""


class ArchiveReader:
    """Reads the records of an archive from a seekable file object."""

    def __init__(self, file):
        self.file = file
        try:
            self.zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise DamagedArchive(
                "PytorchStreamReader failed reading zip archive: failed finding central directory"
            ) from error
        self.records = {}
        for record in self.zip.infolist():
            self.records.setdefault(record.filename.partition("/")[2], record)

    def size(self, name):
        """Give the size of a record in bytes."""
        if name not in self.records:
            raise DamagedArchive(f"PytorchStreamReader failed locating file {name}: file not found")
        return self.records[name].file_size

    def read(self, name):
        """Give a record as bytes."""
        data = bytearray(self.size(name))
        self.read_into(name, memoryview(data))
        return bytes(data)

    def read_into(self, name, view):
        """Read a record into a writable memoryview of just its size, and check it against its checksum."""
        record = self.records[name]
        if record.compress_type == zipfile.ZIP_STORED:
            self.file.seek(self._data_offset(name))
            crc = self._read_stored(name, view)
        else:
            crc = self._read_compressed(name, view)
        if crc != record.CRC:
            raise DamagedArchive(f"PytorchStreamReader failed reading file {name}: the checksum doesn't match")

    def map_into_memory(self):
        """Give a function(name) that returns a record as a writable memoryview on the mapped file.

        What is written there stays in memory; the file does not change.
        """
        mapped = memoryview(mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_COPY))

        def view(name):
            size, start = self.size(name), self._data_offset(name)
            if self.records[name].compress_type != zipfile.ZIP_STORED:
                raise RuntimeError(f"mmap can only be used with uncompressed archives, but {name} is compressed")
            if start + size > len(mapped):
                raise DamagedArchive(f"PytorchStreamReader failed reading file {name}: the file ends before it does")
            return mapped[start : start + size]

        return view

    def _data_offset(self, name):
        record = self.records[name]
        try:
            self.file.seek(record.header_offset)
        except (ValueError, OSError, OverflowError) as error:
            raise DamagedArchive(f"PytorchStreamReader failed reading file {name}: {error}") from error
        header = self.file.read(30)
        if len(header) < 30 or header[:4] != b"PK\3\4":
            raise DamagedArchive(f"PytorchStreamReader failed reading file {name}: its header is missing")
        name_length, extra_length = struct.unpack_from("<2H", header, 26)
        return record.header_offset + 30 + name_length + extra_length

    def _read_stored(self, name, view):
        crc = done = 0
        while done < len(view):
            chunk = view[done : done + _CHUNK]
            count = _read_into(self.file, chunk)
            if not count:
                raise DamagedArchive(f"PytorchStreamReader failed reading file {name}: the file ends before it does")
            crc = zlib.crc32(chunk[:count], crc)
            done += count
        return crc

    def _read_compressed(self, name, view):
        try:
            data = self.zip.read(self.records[name])
        except (zipfile.BadZipFile, EOFError, NotImplementedError, zlib.error) as error:
            raise DamagedArchive(f"PytorchStreamReader failed reading file {name}: {error}") from error
        if len(data) != len(view):
            raise DamagedArchive(f"PytorchStreamReader failed reading file {name}: its size is wrong")
        view[:] = data
        return zlib.crc32(data)


def _read_into(file, view):
    """Read into a memoryview, from file objects without `readinto` too; give the number of bytes."""
    if hasattr(file, "readinto"):
        return file.readinto(view)
    data = file.read(len(view))
    view[: len(data)] = data
    return len(data)
