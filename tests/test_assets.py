from pathlib import Path

import pytest

from harmodels.assets import INSTALLED, PACKAGE, refuse_foreign, root
from harmodels.errors import InstallationError


def package_in(folder: Path, *, workflow: str | None) -> Path:
    """Make a package and the Snakefile that belongs to it; return the package's folder."""
    package = folder / "harmodels"
    package.mkdir(parents=True)
    if workflow is not None:
        top = (package / workflow).resolve()
        (top / "rules").mkdir(parents=True)
        (top / "Snakefile").touch()
    return package


def test_the_imported_package_is_the_one_of_this_repository(repository):
    assert root() == repository
    assert repository / "src" / "harmodels" == PACKAGE


def test_a_checkout_holds_its_workflow_beside_src(tmp_path):
    package = package_in(tmp_path / "checkout" / "src", workflow="../..")
    assert root(package) == tmp_path / "checkout"
    refuse_foreign(tmp_path / "checkout" / "rules", "rules", package)


def test_an_installed_wheel_holds_its_workflow_within_itself(tmp_path):
    package = package_in(tmp_path / "site-packages", workflow=INSTALLED)
    assert root(package) == package / INSTALLED
    refuse_foreign(package / INSTALLED / "rules", "rules", package)


def test_a_package_installed_without_its_workflow_says_how_to_install_it(tmp_path):
    package = package_in(tmp_path / "site-packages", workflow=None)
    with pytest.raises(InstallationError, match="installed without its workflow.*--editable"):
        root(package)


def test_a_snakefile_near_site_packages_is_not_taken_for_a_checkout(tmp_path):
    package = package_in(tmp_path / "lib" / "site-packages", workflow=None)
    (tmp_path / "lib" / "Snakefile").touch()
    with pytest.raises(InstallationError):
        root(package)


@pytest.mark.parametrize("place", ["second", "first/nested", "first/src"])
def test_a_second_checkout_is_refused_with_both_folders_and_the_remedy(tmp_path, place):
    package = package_in(tmp_path / "first" / "src", workflow="../..")
    second = tmp_path / place
    (second / "rules").mkdir(parents=True)
    with pytest.raises(InstallationError) as refused:
        refuse_foreign(second / "rules", "rules", package)
    message = str(refused.value)
    assert f"the workflow lies in {second}, but" in message
    assert f"imports harmodels from {package}" in message
    assert f"install --editable {second}" in message
    assert f"run {tmp_path / 'first' / 'Snakefile'}" in message


def test_a_checkout_beside_a_wheel_without_workflow_is_refused(tmp_path):
    package = package_in(tmp_path / "site-packages", workflow=None)
    (tmp_path / "checkout" / "rules").mkdir(parents=True)
    with pytest.raises(InstallationError, match=r"install --editable \S+checkout`$"):
        refuse_foreign(tmp_path / "checkout" / "rules", "rules", package)


def test_a_link_to_the_checkout_is_the_checkout(tmp_path):
    package = package_in(tmp_path / "first" / "src", workflow="../..")
    (tmp_path / "link").symlink_to(tmp_path / "first")
    refuse_foreign(tmp_path / "link" / "rules", "rules", package)
