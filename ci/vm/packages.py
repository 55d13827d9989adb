# SPDX-License-Identifier: BSD-2-Clause
"""Kernels and QEMU from Debian's packages: downloaded once, unpacked below build/vm, never installed.

The machine's own apt sources say which mirror; a private list adds the suites that the machine doesn't use.
"""
import glob
import os
import re
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.environ.get("SHUNT_VM_CACHE", f"{ROOT}/build/vm")  # one for several clones saves their downloads
CODENAME = "bookworm"
EXTRA_SUITES = [f"{CODENAME}-backports", "trixie-backports"]
RUN_SECONDS = 300  # a download, on a slow line
TOOLS = ("apt-get", "apt-cache", "dpkg", "busybox", "cpio", "depmod", "modprobe")

# name -> what its image package is called; of those that match, the newest version is taken
KERNELS = {
    "6.1": r"linux-image-6\.1\.\d+-(\d+)-amd64",
    "6.12": r"linux-image-6\.12\.(\d+)\+deb12-amd64",
    "newest": r"linux-image-(\d+\.\d+\.\d+)\+deb\d+-amd64",
}


class Unavailable(Exception):
    """Packages cannot be had: the tests are skipped with this reason."""


def run(*argv, **kw):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=RUN_SECONDS, **kw)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{argv[0]}: not done after {RUN_SECONDS} s") from None
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise Unavailable(f"{argv[0]}: {words[0] if words else f'status {done.returncode}'}")
    return done.stdout


# --- apt with lists of its own ----------------------------------------------------------------

def stanzas():
    """The machine's own sources as deb822 stanzas: [{'uris': ..., 'suites': ..., ...}]."""
    found = []
    for path in glob.glob("/etc/apt/sources.list.d/*.sources"):
        with open(path) as f:
            for block in re.split(r"\n\s*\n", f.read()):
                found.append({k.lower(): v.strip() for k, v in re.findall(r"^([\w-]+):(.*)$", block, re.M)})
    for path in ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*.list")]:
        if os.path.exists(path):
            with open(path) as f:
                for options, uri, suite in re.findall(r"^deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)", f.read(), re.M):
                    key = re.search(r"signed-by=(\S+)", options)
                    found.append({"uris": uri, "suites": suite, "signed-by": key.group(1) if key else ""})
    return found


def write_sources(path):
    lines, mirror = [], None
    for x in stanzas():
        suites = [s for s in x.get("suites", "").split() if s.split("-")[0].split("/")[0] == CODENAME]
        if not suites:
            continue
        if CODENAME in suites:
            mirror = x
        lines += stanza(x, suites)
    if not mirror:
        raise Unavailable(f"apt knows no source of Debian {CODENAME}")
    with open(path, "w") as f:
        f.write("\n".join(lines + stanza(mirror, EXTRA_SUITES)) + "\n")


def stanza(source, suites):
    key = source.get("signed-by") or "/usr/share/keyrings/debian-archive-keyring.gpg"
    return ["Types: deb", f"URIs: {source['uris']}", f"Suites: {' '.join(suites)}", "Components: main",
            "Architectures: amd64", f"Signed-By: {key}", ""]


class Apt:
    """apt-get and apt-cache on lists and caches of their own."""

    def __init__(self):
        home = f"{CACHE}/apt"
        try:
            for sub in ("lists/partial", "cache/archives/partial"):
                os.makedirs(f"{home}/{sub}", exist_ok=True)
            write_sources(f"{home}/debian.sources")
        except OSError as error:
            raise Unavailable(f"the packages' place: {error}; SHUNT_VM_CACHE names another") from None
        self.archives = f"{home}/cache/archives"
        self.options = [x for option in (
            f"Dir::Etc::SourceList={home}/debian.sources", "Dir::Etc::SourceParts=/dev/null",
            f"Dir::State::Lists={home}/lists", f"Dir::Cache={home}/cache", "Debug::NoLocking=1",
            "Acquire::Languages=none", "Acquire::Retries=2", "Acquire::http::Timeout=30", "APT::Update::Error-Mode=any",
            "APT::Sandbox::User=root", "APT::Get::List-Cleanup=0",
        ) for x in ("-o", option)]
        run("apt-get", *self.options, "-q", "update")

    def names(self, prefix):
        return run("apt-cache", *self.options, "pkgnames", prefix).split()

    def depends(self, package):
        out = run("apt-cache", *self.options, "depends", "--no-recommends", "--no-suggests", package)
        return re.findall(r"^[ |]*(?:Pre)?Depends: (\S+)", out, re.M)

    def unpack(self, packages, into):
        """Downloads these and unpacks them, and nothing that they depend on."""
        os.makedirs(into)
        run("apt-get", *self.options, "-q", "download", *packages, cwd=into)
        self.extract(into, into)

    def unpack_missing(self, package, suite, into):
        """Downloads a package and all that it needs and this machine hasn't got."""
        run("apt-get", *self.options, "-q", "-y", "-d", "--reinstall", "--no-install-recommends", "-t", suite,
            "install", package)
        os.makedirs(into)
        self.extract(self.archives, into)

    @staticmethod
    def extract(folder, into):
        for deb in glob.glob(f"{folder}/*.deb"):
            run("dpkg", "-x", deb, into)
            os.unlink(deb)


# --- what the tests ask for -------------------------------------------------------------------

class Packages:
    """kernel(name) and qemu(): folders, made on first use. Raises Unavailable, at once if it has before."""

    def __init__(self):
        self.apt = None
        self.missing = {}

    def get_apt(self):
        for tool in TOOLS:
            if not shutil.which(tool):
                raise Unavailable(f"no {tool} here: ci/deps vm")
        if "apt" in self.missing:
            raise self.missing["apt"]
        try:
            self.apt = self.apt or Apt()
        except Unavailable as error:
            self.missing["apt"] = error
            raise
        return self.apt

    def make(self, name, build):
        """build(folder) fills a new folder, which gets its name when it is whole."""
        folder = f"{CACHE}/{name}"
        if name in self.missing:
            raise self.missing[name]
        if not os.path.isdir(folder):
            shutil.rmtree(f"{folder}.new", ignore_errors=True)
            try:
                build(f"{folder}.new")
            except Unavailable as error:
                self.missing[name] = error
                raise
            os.rename(f"{folder}.new", folder)
        return folder

    def kernel(self, name):
        """The folder of a kernel, with its modules ready for modprobe -d."""
        return self.make(f"kernel-{name}", lambda folder: self.unpack_kernel(KERNELS[name], folder))

    def unpack_kernel(self, pattern, folder):
        apt = self.get_apt()
        found = [(version_key(m.group(1)), n) for n in apt.names("linux-image-") if (m := re.fullmatch(pattern, n))]
        if not found:
            raise Unavailable(f"no package is called {pattern}")
        image = max(found)[1]
        release = image.removeprefix("linux-image-")
        own = [p for p in apt.depends(image) if p.startswith("linux-") and p.endswith(release)]
        apt.unpack([image, *own], folder)
        link_modules(folder)
        run("depmod", "-b", folder, release_of(folder))

    def qemu(self):
        """The folder with usr/bin/qemu-system-x86_64 and the libraries that the machine lacks."""
        suite = f"{CODENAME}-backports"
        return self.make("qemu", lambda folder: self.get_apt().unpack_missing("qemu-system-x86", suite, folder))


def version_key(text):
    return [int(x) for x in text.split(".")]


def link_modules(folder):
    """Newer packages put modules below usr/lib: depmod and modprobe look in lib."""
    if not os.path.isdir(f"{folder}/lib/modules"):
        os.symlink("usr/lib", f"{folder}/lib")


def release_of(folder):
    return os.path.basename(glob.glob(f"{folder}/lib/modules/*")[0])


def vmlinuz(folder):
    release = release_of(folder)
    for path in (f"{folder}/boot/vmlinuz-{release}", f"{folder}/lib/modules/{release}/vmlinuz"):
        if os.path.exists(path):
            return path
    raise Unavailable(f"no vmlinuz in {folder}")
