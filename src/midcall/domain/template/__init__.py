"""Templates of webhooks: `{{name}}` in the URL's path and query, in headers, in the query and in the JSON body.

A template is parsed once into a frozen value, which refuses what could never be sent, and filled once a call, in one
pass: what a value holds is never looked at for placeholders. `text` holds the grammar, `values` what names stand for,
`url`, `headers`, `query` and `body` what each place allows, `webhook` all of them together.
"""
