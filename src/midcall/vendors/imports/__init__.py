"""Functions as other vendors configure them, read into ours, one module a vendor.

`config` reads a vendor's fields, so that one which nobody takes is told; `draft` is where ours are put down; `retell`,
`vocobase`, `itellico`, `subverse` and `vapi` know what becomes what; `readers` names them all.
"""
