import subprocess

from harmodels.runtime.commit import describe_commit


def commit_a_file(folder):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", folder, *identity, *arguments], check=True)

    git("init", "-q")
    (folder / "a").write_text("1")
    git("add", "a")
    git("commit", "-qm", "a")


def test_a_folder_that_is_no_checkout_has_no_commit(tmp_path):
    assert describe_commit(tmp_path) == {"commit": None, "dirty": None}


def test_a_checkout_has_a_commit_and_says_whether_files_differ(tmp_path):
    commit_a_file(tmp_path)
    clean = describe_commit(tmp_path)
    assert len(clean["commit"]) == 40
    assert clean["dirty"] is False
    (tmp_path / "a").write_text("2")
    assert describe_commit(tmp_path)["dirty"] is True


def test_a_release_unpacked_inside_another_repository_has_no_commit(tmp_path):
    commit_a_file(tmp_path)
    inside = tmp_path / "release"
    inside.mkdir()
    assert describe_commit(inside) == {"commit": None, "dirty": None}


def test_a_release_unpacked_over_another_repository_has_no_commit(tmp_path):
    commit_a_file(tmp_path)
    (tmp_path / "Snakefile").write_text("a release")
    assert describe_commit(tmp_path) == {"commit": None, "dirty": None}
    subprocess.run(["git", "-C", tmp_path, "add", "Snakefile"], check=True)
    assert describe_commit(tmp_path)["dirty"] is True


def test_git_variables_of_the_environment_name_no_other_repository(tmp_path, monkeypatch):
    mine, other = tmp_path / "mine", tmp_path / "other"
    for folder in (mine, other):
        folder.mkdir()
        commit_a_file(folder)
    (other / "a").write_text("2")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert describe_commit(mine)["dirty"] is False
