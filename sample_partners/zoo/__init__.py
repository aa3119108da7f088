"""The zoo: small plug-ins that measure the conformance kit.

Each exhibit is a tiny store without a server. The broken ones break one clause each, and
`zoo.toml` says which, what may show with it, and how few calls show it. The others are odd, and
nothing is wrong with them. A kit is good if it finds every fault and sounds no false alarm.
"""
