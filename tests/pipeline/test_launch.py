import pytest

from harmodels.errors import ConfigurationError, ResultsError
from harmodels.pipeline.launch import check_cache, snakemake_command


@pytest.mark.parametrize("word", ["resources.threads=2", "a.b.c=2", "seed", "2seed=2", "=2"])
def test_a_key_that_snakemake_does_not_read_is_refused_in_a_line(word, repository):
    with pytest.raises(ConfigurationError, match="--config .*: it takes keys of the first level"):
        snakemake_command(["--config", "replicates=1", word, "--cores", "1"], repository)


def test_keys_that_snakemake_reads_are_passed_on(repository):
    words = ["--config", "seed=3", "name=a.b", "--cores", "1", "some.file"]
    assert snakemake_command(words, repository)[-len(words) :] == words


def test_a_cache_that_cannot_be_written_is_named_with_the_remedy(tmp_path):
    check_cache(tmp_path / "cache" / "snakemake")
    (tmp_path / "home").touch()
    with pytest.raises(ResultsError, match=r"home/\.cache.*export XDG_CACHE_HOME=FOLDER"):
        check_cache(tmp_path / "home" / ".cache")
