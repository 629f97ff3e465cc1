//! What can be wrong with parameters.

/// Why parameters of `permessage-deflate` are not lawful (RFC 7692, section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// A parameter that the extension does not have.
    #[error("the extension has no such parameter")]
    Unknown,
    /// A parameter twice.
    #[error("a parameter stands there twice")]
    Repeated,
    /// A value where there must be none, none where there must be one, or not 8 to 15.
    #[error("a value is wrong")]
    Value,
    /// The extension twice in a response.
    #[error("the extension stands there twice")]
    Twice,
    /// The client offered `server_no_context_takeover`, which the server must repeat.
    #[error("server_no_context_takeover was offered and is not accepted")]
    ServerContext,
    /// The client offered `server_max_window_bits`, which the server must repeat.
    #[error("server_max_window_bits was offered and is not accepted")]
    ServerWindowAbsent,
    /// A larger window of the server than the client offered.
    #[error("server_max_window_bits is larger than offered")]
    ServerWindowLarger,
    /// A window of the client, who did not offer to choose one.
    #[error("client_max_window_bits was not offered")]
    ClientWindowNotOffered,
    /// A larger window of the client than it offered.
    #[error("client_max_window_bits is larger than offered")]
    ClientWindowLarger,
}
