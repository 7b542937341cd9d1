"""Networks, what they learn with and how well they predict."""
