"""Pages of the documentation on the recommended pathways, one per algorithm."""

from functools import partial

from mescc_analytics import codebook, settings

GENERATED = "Generated from `mescc_analytics/codebook/pathway.yaml`: change it, then `make docs`."
HOW = (
    "Rules are tried in order. A rule that applies decides; a rule that does not is passed; a rule",
    "with an unknown answer leaves its pathway possible, and the search goes on. A case is decided",
    "when only one pathway is left; otherwise it is `undetermined`, and the columns that would",
    "settle it are named. `mescc trace TABLE --case ID` prints the questions, values and answers",
    "of one case.",
)


def pathway_page(name):
    """One algorithm as Markdown: source, rules, questions, defaults for ambiguous cases, example.

    Parameters
    ----------
    name : str
        An algorithm of pathway.yaml.

    Returns
    -------
    str
    """
    book = codebook.load("pathway")
    algorithm = book["algorithms"][name]
    return "\n".join(
        [
            f"# `{name}`: {algorithm['label']}\n",
            f"{GENERATED}\n",
            f"Source: {algorithm['source']}. Status: {algorithm['status']}.\n",
            *HOW,
            *_rules(book, algorithm),
            *_questions(book, algorithm),
            *_choices(algorithm),
            *_example(book, name, algorithm),
            *_others(book, name),
            "",
        ]
    )


def _rules(book, algorithm):
    yield from ("\n## Rules\n", "| rule | if | then | status |", "|---|---|---|---|")
    for rule in algorithm["rules"]:
        status = rule.get("status", algorithm["status"])
        source = f": {rule['source']}" if "source" in rule else ""
        conditions = _and(f"`{text}`" for text in rule["when"])
        then = book["pathways"][rule["pathway"]]
        yield f"| {rule['id']} | {conditions} | {then} | {status}{source} |"


def _and(words):
    return " and ".join(words).replace("`not ", "not `")


def _questions(book, algorithm):
    names = [text.removeprefix("not ") for rule in algorithm["rules"] for text in rule["when"]]
    defaults = settings.defaults("assign")
    defaults |= {"sins_surgery_from": defaults["sins_high_from"]}
    yield "\n## Questions\n"
    yield "Numbers are the defaults of the config.\n"
    yield "| name | question | to fill where the answer is unknown |"
    yield "|---|---|---|"
    for name in dict.fromkeys(names):
        fact = book["facts"][name]
        needs = ", ".join("SINS items" if n == "sins_missing" else f"`{n}`" for n in fact["needs"])
        words = {key: str(value).replace("_", " ") for key, value in defaults.items()}
        yield f"| `{name}` | {fact['question'].format(**words)} | {needs} |"


def _choices(algorithm):
    yield "\n## Ambiguous cases\n"
    yield from (f"- {note}" for note in algorithm["notes"])
    yield "\n| setting `assign.` | default | what it decides |"
    yield "|---|---|---|"
    properties = settings.schema()["properties"]["assign"]["properties"]
    for key in algorithm["settings"]:
        default = properties[key]["default"]
        shown = "none" if default == [] else f"`{default}`"
        yield f"| `{key}` | {shown} | {properties[key]['description']} |"


def _example(book, name, algorithm):
    example = algorithm["example"]
    words = {True: "yes", False: "no"}
    case = "; ".join(
        f"`{column}` {words.get(value, value) if isinstance(value, bool) else value}"
        for column, value in example["case"].items()
    )
    yield f"\n## Worked example\n\n{example['about']}: {case}.\n"
    yield "| question | value found | answer |"
    yield "|---|---|---|"
    yield from (f"| `{fact}` | {value} | {answer} |" for fact, value, answer in example["steps"])
    then = book["pathways"][example["pathway"]]
    yield f"\nRule {example['rule']} applies: {then}."


def _others(book, name):
    links = ", ".join(f"[`{other}`]({other}.md)" for other in book["algorithms"] if other != name)
    yield f"\nThe other algorithms: {links}. The assign step compares all of them on every cohort."


PATHWAY_PAGES = {
    f"pathways/{name}.md": partial(pathway_page, name)
    for name in codebook.load("pathway")["algorithms"]
}
