"""README.md, DATASHEET.md, croissant.json and plots: made from data, and of one piece."""

import json
import re
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
import yaml

from exports.card import example_of, plain, shortened
from exports.manifest import NAME, file_sha256, files_of
from exports.measuring import Measured, measure
from exports.plots import alpha_in_words
from exports.services import write_files

SECTIONS = (
    "Summary",
    "Supported tasks",
    "Languages",
    "Splits",
    "Instances and fields",
    "Rationale",
    "Source data",
    "Annotation process",
    "Annotators",
    "Personal and sensitive information",
    "Social impact",
    "Biases",
    "Limitations",
)
RAI = (
    "dataCollection",
    "dataAnnotationProtocol",
    "dataAnnotationPlatform",
    "annotationsPerItem",
    "annotatorDemographics",
    "personalSensitiveInformation",
    "dataBiases",
    "dataUseCases",
    "dataLimitations",
)


@pytest.fixture
def readme(folder):
    return (folder / "README.md").read_text()


@pytest.fixture
def croissant(folder):
    return json.loads((folder / "croissant.json").read_text())


def parquet_files(folder):
    return [path for path in files_of(folder) if path.endswith(".parquet")]


def test_every_paper_is_under_the_manifest(folder):
    listed = dict(
        reversed(line.split("  ")) for line in (folder / NAME).read_text().splitlines()
    )
    plots = {f"plots/{n}.svg" for n in ("agreement", "balance", "lengths", "subgroups")}
    papers = {"README.md", "DATASHEET.md", "croissant.json", *plots}
    assert papers <= listed.keys()
    for paper in papers:
        assert listed[paper] == file_sha256(folder / paper)


def test_the_card_has_every_section_with_something_in_it(readme):
    bodies = dict(re.findall(r"^### ([^\n]+)\n(.*?)(?=^###? )", readme, re.S | re.M))
    assert list(bodies) == list(SECTIONS)
    assert all(len(body.strip()) > 20 for body in bodies.values())
    assert "**Not for clinical use.**" in readme
    assert "{{" not in readme
    assert "{%" not in readme


def test_the_front_matter_is_what_the_folder_holds(folder, readme):
    matter = yaml.safe_load(readme.split("---\n")[1])
    named = {
        (config["config_name"], file["split"])
        for config in matter["configs"]
        for file in config["data_files"]
    }
    held = {
        (path.split("/")[0], path.split("/")[1].split("-")[0])
        for path in parquet_files(folder)
    }
    assert named == held
    assert sum("default" in config for config in matter["configs"]) == 1


def test_the_card_shows_a_row_of_each_configuration(folder, readme):
    shown = dict(
        re.findall(r"#### `(\w+)`.*?One row, shortened:\n\n(.*?)\n\n", readme, re.S)
    )
    for name in {path.split("/")[0] for path in parquet_files(folder)}:
        example = json.loads(shown[name])
        assert set(example) == set(
            pq.read_schema(next((folder / name).iterdir())).names
        )


def test_the_card_counts_annotators_by_specialty_profession_and_credentials(readme):
    assert "| primary care | 2 | 0 |" in readme
    assert "| physician | 2 |" in readme
    assert "| 0 | 2 |" in readme


def test_the_plots_are_linked_relatively_and_are_safe_pictures(folder, readme):
    links = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", readme)
    assert sorted(links) == sorted(p for p in files_of(folder) if p.endswith(".svg"))
    for link in links:
        text = (folder / link).read_text()
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "script" not in text
        assert "href" not in text


def test_agreement_never_claims_what_few_items_cannot_show(readme):
    lines = re.findall(
        r"^\| \w+ \| (?:ordinal|nominal) \| (\d+) \|.*\| (.+) \|$", readme, re.M
    )
    assert len(lines) == 4
    for n_items, says in lines:
        if "not defined" not in says:
            assert ("no interval" in says) is (int(n_items) < 20)
            assert ("few items" in says) is (int(n_items) < 50)


@pytest.mark.parametrize(
    ("alpha", "low", "is_few", "says"),
    [
        (None, None, True, "not defined, n = 7"),
        (0.5, None, True, "0.50, no interval, n = 7, few items"),
        (0.5, 0.25, True, "0.50 (0.25 to 0.75), n = 7, few items"),
        (0.5, 0.25, False, "0.50 (0.25 to 0.75), n = 7"),
    ],
)
def test_alpha_is_said_with_what_it_rests_on(alpha, low, is_few, says):
    line = {"alpha": alpha, "alpha_low": low, "alpha_high": 0.75}
    assert alpha_in_words({**line, "is_few": is_few, "n_units": 7}) == says


def test_croissant_lists_every_parquet_file_with_its_hash(folder, croissant):
    objects = {
        one["contentUrl"]: one["sha256"]
        for one in croissant["distribution"]
        if one["@type"] == "cr:FileObject"
    }
    assert objects == {p: file_sha256(folder / p) for p in parquet_files(folder)}
    assert croissant["conformsTo"][0].endswith("/croissant/1.1")
    assert croissant["conformsTo"][1].endswith("/RAI/1.0")


def test_croissant_has_a_record_set_of_the_schema_per_configuration(folder, croissant):
    sets = {one["name"]: one for one in croissant["recordSet"]}
    file_sets = {
        one["@id"]: one["includes"]
        for one in croissant["distribution"]
        if one["@type"] == "cr:FileSet"
    }
    assert set(sets) == {path.split("/")[0] for path in parquet_files(folder)}
    for name, records in sets.items():
        schema = pq.read_schema(next((folder / name).iterdir()))
        fields = {f["source"]["extract"]["column"]: f for f in records["field"]}
        assert list(fields) == schema.names
        assert {f["source"]["fileSet"]["@id"] for f in fields.values()} == {
            f"{name}-files"
        }
        assert file_sets[f"{name}-files"] == f"{name}/*.parquet"
    messages = sets["sft"]["field"][0]
    assert messages["isArray"] is True
    assert [sub["name"].split("/")[-1] for sub in messages["subField"]] == [
        "role",
        "content",
    ]


def test_croissant_says_what_responsible_use_needs(croissant):
    for term in RAI:
        assert croissant[f"rai:{term}"], term
    assert "simulated" in croissant["rai:annotatorDemographics"]


def test_the_datasheet_answers_every_question(folder):
    text = (folder / "DATASHEET.md").read_text()
    questions = re.findall(r"^\*\*[^*]+\?\*\*(.*)", text, re.M)
    assert len(questions) == 35
    assert all(answer.strip() for answer in questions)
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Motivation",
        "## Composition",
        "## Collection process",
        "## Preprocessing, cleaning, labeling",
        "## Uses",
        "## Distribution",
        "## Maintenance",
    ]


def test_the_papers_are_the_same_bytes_again(sealed, folder, tmp_path):
    write_files(snapshot=sealed, directory=tmp_path / "again")
    for path in files_of(folder):
        assert (tmp_path / "again" / path).read_bytes() == (folder / path).read_bytes()


def test_measuring_finds_lengths_labels_and_strata(folder):
    paths = [p for p in parquet_files(folder) if p.startswith("kto/")]
    splits = [(p.split("/")[1].split("-")[0], folder / p) for p in paths]
    measured = measure(folder, splits)
    rows = [row for _, path in splits for row in pq.read_table(path).to_pylist()]
    assert sum(measured.lengths) == len(rows)
    assert measured.labels == {
        "yes": sum(row["label"] for row in rows),
        "no": sum(not row["label"] for row in rows),
    }
    assert sum(measured.strata.values()) == 4 * len(rows)
    assert measured.example == rows[0]


def test_nothing_is_measured_where_nothing_was_written(tmp_path):
    assert measure(tmp_path, []) == Measured()


def test_text_from_people_stays_text():
    assert plain("<script>*a* |b|\n[c](d)") == (
        "\\<script\\>\\*a\\* \\|b\\| \\[c\\](d)"
    )
    block = example_of({"content": "```\n<b>\n\n# Heading"})
    assert all(line.startswith("    ") for line in block.split("\n"))


def test_an_example_is_cut_and_says_so():
    assert shortened("a" * 300) == "a" * 240 + " … (300 characters)"
    assert shortened([1, 2, 3, 4, 5, 6]) == [1, 2, 3, 4, "… and 2 more"]
