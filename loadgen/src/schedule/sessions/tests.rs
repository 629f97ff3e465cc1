//! Sessions against tables and a model.
