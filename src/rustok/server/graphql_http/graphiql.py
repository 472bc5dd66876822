"""The explorer that a browser gets at a GraphQL endpoint in development: GraphiQL's essentials, on our own page."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'none'"
    ),
    "Cache-Control": "no-store",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>GraphiQL · {path}</title>
<link rel="stylesheet" href="/_graphiql/explorer.css">
<script src="/_graphiql/explorer.js" defer></script>
</head>
<body data-endpoint="{path}">
<header><h1>GraphiQL</h1><code>{path}</code>
<button id="run" type="button" title="Ctrl+Enter">Run</button>
<button id="tidy" type="button">Prettify</button></header>
<main>
<section aria-label="Request">
<label for="query">Operation</label><textarea id="query" spellcheck="false" autocomplete="off"></textarea>
<label for="variables">Variables (JSON)</label><textarea id="variables" rows="5" spellcheck="false">{{}}</textarea>
<label for="headers">Headers (JSON)</label><textarea id="headers" rows="3" spellcheck="false">{{}}</textarea>
</section>
<section aria-label="Response"><label for="answer">Response</label>
<pre id="answer" tabindex="0" aria-live="polite"></pre></section>
<aside aria-label="Schema"><label for="find">Schema</label>
<input id="find" type="search" placeholder="Find a type or field"><div id="schema"></div></aside>
</main>
<noscript><p>This explorer needs JavaScript; the endpoint itself does not.</p></noscript>
</body>
</html>
"""


def page(path: str) -> str:
    """The page for an endpoint's path."""
    return _PAGE.format(path=path if path.replace("/", "").isalpha() else "/graphql")
