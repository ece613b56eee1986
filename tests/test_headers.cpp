// The precompiled headers of the tests need a target of their own, and that needs a source.
