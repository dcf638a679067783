"""Decks and overrides with a mistake each, and what is said of it: cases of bad_input.py.

In the messages, `...` stands for any text."""
from dataclasses import dataclass

from program import DECK


@dataclass
class Case:
    arguments: str
    messages: list  # the lines of stderr
    code: int = 2
    deck: object = DECK  # written to bad.toml

    def __str__(self):
        return f"heddle {self.arguments}: {self.messages[0]}"


def line(old, new, *messages):
    """A run of the deck with one line changed."""
    assert DECK.count(old + "\n") == 1, old
    return text(DECK.replace(old + "\n", new + "\n"), *messages)


def text(content, *messages):
    return Case("run bad.toml grid.data={ranks}", [f"bad.toml{message}" for message in messages], deck=content)


def override(words, message):
    return Case(f"run good.toml {words}", [message])


def command(words, message, code=2):
    return Case(words, [message], code)


DECKS = [
    line("layers = 2", "layer = 2", ":2:1: model.layer is no key of a deck ...; did you mean model.layers?"),
    line("[train]", "[trian]", ":11:2: [trian] is no section of a deck ...; did you mean [train]?"),
    line("[model]", "depth = 2\n[model]", ":1:1: depth stands outside of every section ..."),
    line("layers = 2", "layers = 2.5", ":2:1: model.layers = 2.5 is a float, not an integer ..."),
    line("layers = 2", 'layers = "2"', ':2:1: model.layers = "2" is a string, not an integer ... without quotes'),
    line("layers = 2", "layers = true", ":2:1: model.layers = true is a boolean, not an integer ..."),
    line("layers = 2", "layers = [2]", ":2:1: model.layers = [2] is a list, not an integer ..."),
    line('tokens = "tokens.h5"', "tokens = 5", ":9:1: data.tokens = 5 is an integer, not a string ... in quotes"),
    line("layers = 2", "layers = 0", ":2:1: model.layers = 0 is out of range ..."),
    line("layers = 2", "layers = 2147483647", ":2:1: model.layers = 2147483647 is out of range ... at most 4096"),
    line("heads = 2", "heads = -2", ":3:1: model.heads = -2 is out of range ...; give at least 1"),
    line("heads = 2", "heads = 3000000000", ":3:1: model.heads = 3000000000 does not fit into 32 bits ..."),
    line("width = 16", f"width = {2**63}", ":4:28: ... not representable in 64 bits ...; give a smaller number"),
    line("width = 16", f"width = {2**62}",
         ":13:1: train.batch = 8, ... overflow ...; try model.width = 1024"),
    line("width = 16", "width = 15", ":4:1: model.width = 15 is not a multiple of model.heads = 2 ... 14 or 16"),
    line("batch = 8", "batch = -8", ":13:1: train.batch = -8 is out of range ..."),
    line("steps = 2", f"steps = {2**62}", ":12:1: train.steps = ... overflow ...; try train.steps = ..."),
    line("evaluate_windows = 8", "evaluate_windows = 0", ":14:1: train.evaluate_windows = 0 is out of range ..."),
    line("vocabulary = 256", "vocabulary = 100",
         ":6:1: model.vocabulary = 100 is less than the 256 tokens of tokens.h5 ..."),
    line('tokens = "tokens.h5"', "", ": data.tokens is missing ... heddle prepare ..."),
    line("heads = 2", "", ":1:1: model.heads is missing ..."),
    line("heads = 2", "heads = 2\nheads = 2", ":4:9: cannot ... redefine ... 'heads' ...; remove one of the two"),
    line("heads = 2", "heads = ", ":3:... cannot parse ..."),
    line("heads = 2", "heads : 2", ":3:... cannot parse ..."),
    line("[train]", "[train", ":11:... cannot parse ..."),
    text(DECK.replace("layers = 2", "layer = 2").replace("heads = 2", "heads = 0").replace("[output]", "[out]"),
         ":2:1: model.layer is no key ...", ":3:1: model.heads = 0 is out of range ...",
         ":16:2: [out] is no section ..."),
    text("", ":1:1: the deck is empty ..."),
    text("# nothing but a comment\n", ":1:1: the deck is empty ..."),
    text(bytes(range(1, 256)) * 4, ":... cannot parse ..."),
    text(b"\x7fELF\x02\x01\x01\x00" + bytes(64), ":1:8: this is a binary file ..."),
    text(b"[model]\nlayers = \xff\xfe\n", ":2:... UTF-8 ..."),
    text("#" * (8 << 20), ":1:1: the deck is longer than ..."),
]

OVERRIDES = [
    override("model.heads=4 grid.tensor=3",
             "command line: model.heads=4: model.heads = 4 is not a multiple of grid.tensor = 3 ..."),
    override("grid.data=3 train.batch=9", "command line: grid.data=3: ... = 3 is not the number of ranks, {ranks} ..."),
    override(f"grid.data={2**31 - 1} train.batch={2**31 - 1}",
             "command line: grid.data=2147483647: ... is not the number of ranks, ..."),
    override("train.batch=7 grid.data=4",
             "command line: train.batch=7: train.batch = 7 is not a multiple of ... try train.batch = 4 or 8"),
    override("grid.pipeline=3", "command line: grid.pipeline=3: grid.pipeline = 3 is more than model.layers = 2 ..."),
    override("pipeline.cuts=[1] grid.data=4",
             "command line: pipeline.cuts=[1]: ... makes 2 stages, and grid.pipeline = 1 ..."),
    override('\'grid.order=["data","data","tensor"]\'',
             "command line: grid.order=...: ... does not name each axis once ..."),
    override("optimizer.rate=nan", "command line: optimizer.rate=nan: optimizer.rate = nan is not a finite number ..."),
    override("optimizer.rate=1e999", "command line: optimizer.rate=1e999: ..."),
    override("optimizer.rate", "command line: optimizer.rate: this is no override ..."),
    override("model.heats=4", "command line: model.heats=4: model.heats is no key ... did you mean model.heads?"),
    override("train.precision=bf17", 'command line: train.precision=bf17: train.precision = "bf17" is not a choice ...'),
    override("train.sequence=17",
             "command line: train.sequence=17: train.sequence = 17 is more than model.context = 16 ..."),
    override(f"pipeline.microbatches={2**31 - 1}",
             "command line: ... pipeline.microbatches = 2147483647 is out of range ..."),
    override("model.layers=64 grid.pipeline=64 train.batch=32768 pipeline.microbatches=32768",
             "command line: pipeline.microbatches=32768: ... = 64 * 1 * 32768 is more than 1048576 ...; try pipeline.microbatches = 16384"),
    override("data.held_out=0.001 grid.data={ranks}",
             "tokens.h5: ... tokens are held out ... train.sequence + 1 = 17 ..."),
    override("model.width=1048576 grid.data={ranks}", "good.toml: the ranks on ... GiB ..."),
]
