//! Conversations: what is said to a scripted API server.
