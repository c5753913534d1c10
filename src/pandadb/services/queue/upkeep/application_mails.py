"""Mails at the end of jobs of applications: subject, text and HTML of an event."""

from __future__ import annotations

from html import escape
from typing import Any

from pandadb.core.queue.application_jobs import APPLICATION

SUCCESS_TEXT = """\
Your job computing {computes} has finished
For the answer see {url}
"""
SUCCESS_HTML = """\
<p>Your job computing <b>{computes}</b> has finished.</p>
<p>For the answer see <a href="{url}">{url}</a></p>
"""
FAILURE_TEXT = """\
Could not compute {computes}:
  {error}

Inputs: {inputs}
{url}
"""
FAILURE_HTML = """\
<p>Could not compute <b>{computes}</b>:</p>
<pre>{error}</pre>
<p>Inputs: {inputs}</p>
<p><a href="{url}">{url}</a></p>
"""


def texts_of(payload: dict[str, Any]) -> dict[str, str]:
    """Return `subject`, `text` and `html` for an event of a job of an application, else nothing.

    All values are escaped in the HTML; its links are those of pandadb's own settings.
    """
    metadata = payload.get("metadata")
    about = metadata.get(APPLICATION) if isinstance(metadata, dict) else None
    if not isinstance(about, dict) or "computes" not in about:
        return {}
    inputs = about.get("inputs") or {}
    values = {
        "computes": about["computes"],
        "url": f"{about.get('results_url') or ''}{payload.get('public_id') or ''}",
        "error": payload.get("error") or f"the job was {payload.get('jobstatus')}",
        "inputs": ", ".join(f"{name} = {value}" for name, value in inputs.items()),
    }
    escaped = {name: escape(str(value)) for name, value in values.items()}
    done = payload.get("jobstatus") == "finished"
    text, html = (SUCCESS_TEXT, SUCCESS_HTML) if done else (FAILURE_TEXT, FAILURE_HTML)
    return {
        "subject": str(about.get("subject") or f"{about.get('name')} results"),
        "text": text.format(**values),
        "html": html.format(**escaped),
    }
