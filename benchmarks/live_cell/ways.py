"""Ways to show answers while they come: ours, and the two that need no front end of their own."""

from dataclasses import dataclass

LOAD = "%load_ext hs_notebook"

ASK = """
import asyncio, os
import openai
from IPython.display import Markdown, display
from ipywidgets import HTML

client = openai.AsyncOpenAI(base_url=os.environ["HOLYSHEEP_BASE_URL"], api_key="none", max_retries=0)

async def texts(model):
    text = ""
    chunks = await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Go on."}], stream=True)
    async for chunk in chunks:
        if chunk.choices and chunk.choices[0].delta.content:
            text += chunk.choices[0].delta.content
            yield text

async def as_markdown(model):
    shown = display(Markdown(""), display_id=True)
    async for text in texts(model):
        shown.update(Markdown(text))

async def as_widget(model):
    shown = HTML()
    display(shown)
    async for text in texts(model):
        shown.value = text

async def all_of(show, models):
    await asyncio.gather(*map(show, models.split(",")))
"""
"""The usual loop: the openai SDK, and at each token the whole text so far is shown again."""


@dataclass(frozen=True)
class Way:
    """A way to show answers.

    Attributes:
        setup: A cell to run before.
        cell: The cell that shows them; {} stands for the models.
        shown: The class of the page's elements that hold a text.
        sent: The type of the messages that bring the text.
    """

    name: str
    setup: str
    cell: str
    shown: str
    sent: str


OURS = Way("%%holysheep", LOAD, "%%holysheep model={}\nGo on.", "hs-text", "comm_msg")
MARKDOWN = Way(
    "update_display(Markdown(all of it)) at each token",
    ASK,
    "await all_of(as_markdown, '{}')",
    "jp-RenderedMarkdown",
    "update_display_data",
)
WIDGET = Way(
    "ipywidgets.HTML.value = all of it at each token",
    ASK,
    "await all_of(as_widget, '{}')",
    "widget-html-content",
    "comm_msg",
)
