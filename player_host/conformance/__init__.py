"""The conformance kit: drives a plug-in through its protocol and names the clause that it broke."""
