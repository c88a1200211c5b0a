"""YAML for settings and mapping files: no key twice, and no word turned into something else."""

import re

import yaml

from mescc_analytics import codebook


class DuplicateKeys:
    """Mixin for YAML loaders: a key that stands twice is an error, not a silent choice."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            if key_node.value in seen and isinstance(key_node.value, str):
                raise yaml.YAMLError(
                    f"line {key_node.start_mark.line + 1}: the key '{key_node.value}' stands twice"
                )
            seen.add(key_node.value if isinstance(key_node.value, str) else id(key_node))
        return super().construct_mapping(node, deep)


class PlainLoader(DuplicateKeys, codebook.PlainLoader):
    pass


class TextLoader(DuplicateKeys, yaml.SafeLoader):
    """YAML in which every scalar is the text that was typed: `no`, `1`, `0007`."""


TextLoader.yaml_implicit_resolvers = {"<": [("tag:yaml.org,2002:merge", re.compile("^<<$"))]}
