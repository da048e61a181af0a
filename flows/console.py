"""The one place from which Poolhouse talks to a person. Knows rich, nothing else."""

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
