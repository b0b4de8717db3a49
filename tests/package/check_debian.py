#!/usr/bin/env python3
"""Makes Debian packages of a build directory, and uses them as a machine would that installed them.

Usage: check_debian.py BUILD_DIRECTORY SCRATCH_DIRECTORY PACKAGE...

The packages that are expected are named without their version. dpkg installs them into an empty root,
against what this machine has installed, so a dependency that Debian does not have is found. With
libsojourn-dev among them, consumer.cc is built against that root by CMake and by pkg-config, and run.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CONSUMER = HERE / "consumer.cc"
COMPONENTS = {"libsojourn0.1": "runtime", "libsojourn-dev": "development", "sojourn-tools": "tools"}


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, text=True,
                          stdout=subprocess.PIPE, **options).stdout


def make(build, directory, expected):
    """The packages by their names."""
    components = ";".join(COMPONENTS[name] for name in expected)
    run("cpack", "-G", "DEB", "-B", directory, "--config", build / "CPackConfig.cmake",
        "-D", f"CPACK_COMPONENTS_ALL={components}", cwd=build)
    found = {run("dpkg-deb", "-f", file, "Package").strip(): file for file in directory.glob("*.deb")}
    assert sorted(found) == sorted(expected), f"packages: {sorted(found)}"
    return found


def check_content(name, file):
    fields = run("dpkg-deb", "-f", file)
    files = run("dpkg-deb", "-c", file)
    owners = {line.split()[1] for line in files.splitlines()}
    assert owners == {"root/root"}, f"{name}: files of {owners}"
    assert f"/usr/share/doc/{name}/copyright" in files, f"{name}: no copyright"
    assert not re.search(r" \./(?!usr)\w", files), f"{name}: installs outside /usr:\n{files}"
    depends = re.search(r"^Depends: (.*)", fields, re.M)
    assert depends, f"{name}: depends on nothing"
    return depends.group(1), files


def check_library(file):
    depends, files = check_content("libsojourn0.1", file)
    for library in ("libc6", "libgrpc++", "libssl", "libprotobuf", "libc-ares", "libabsl"):
        assert library in depends, f"libsojourn0.1 does not depend on {library}: {depends}"
    assert "libsojourn.so.0.1" in files and "libsojourn.so\n" not in files, files
    control = run("dpkg-deb", "-I", file)
    assert "shlibs" in control and ("postinst" in control or "triggers" in control), control


def install(packages, root):
    """By dpkg, which looks at the dependencies."""
    database = root / "var/lib/dpkg"
    for part in ("info", "updates", "triggers"):
        (database / part).mkdir(parents=True)
    shutil.copy("/var/lib/dpkg/status", database / "status")
    as_root = () if os.geteuid() == 0 else ("fakeroot",)
    # The lists of files of what is installed are not copied; dpkg complains of that, at length.
    run(*as_root, "dpkg", f"--root={root}", f"--log={root}/log", "--force-not-root",
        "--force-script-chrootless", "--install", *packages.values(), stderr=subprocess.DEVNULL,
        env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    for name in packages:
        status = run("dpkg-query", f"--admindir={database}", "-W", "-f", "${db:Status-Status}", name)
        assert status == "installed", f"{name}: {status}"


def consume(root, scratch):
    prefix = root / "usr"
    libraries = next(prefix.glob("lib/**/pkgconfig")).parent
    environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
    assert f"prefix=/usr\n" in (libraries / "pkgconfig/sojourn.pc").read_text()

    build = scratch / "find_package"
    run("cmake", "-S", HERE / "find_package", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}",
        "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug")
    run("cmake", "--build", build)
    print("find_package:", run(build / "consumer", env=environment).strip())

    kind = ["--static"] if (libraries / "libsojourn.a").exists() else []
    flags = run("pkg-config", *kind, "--define-variable=prefix=" + str(prefix), "--cflags", "--libs",
                "sojourn", env={**os.environ, "PKG_CONFIG_PATH": str(libraries / "pkgconfig")}).split()
    consumer = scratch / "pkg_config_consumer"
    run(os.environ.get("CXX", "c++"), "-std=c++20", CONSUMER, "-o", consumer, *flags)
    print("pkg-config:", run(consumer, env=environment).strip())


def main():
    build, scratch = (Path(argument).resolve() for argument in sys.argv[1:3])
    expected = sys.argv[3:]
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    packages = make(build, scratch / "packages", expected)
    for name, file in packages.items():
        depends, files = check_content(name, file)
        print(f"{file.name}: depends on {depends}")
        if name == "sojourn-tools":
            for installed in ("bin/sojournctl", "share/man/man1/sojournctl.1",
                              "share/bash-completion/completions/sojournctl",
                              "share/zsh/vendor-completions/_sojournctl",
                              "share/fish/vendor_completions.d/sojournctl.fish"):
                assert f"./usr/{installed}\n" in files, files
    if "libsojourn0.1" in packages:
        check_library(packages["libsojourn0.1"])
    install(packages, scratch / "root")
    if "libsojourn-dev" in packages:
        consume(scratch / "root", scratch)


if __name__ == "__main__":
    sys.exit(main())
