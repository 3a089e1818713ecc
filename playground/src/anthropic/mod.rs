//! draft
mod cache; mod conversation; mod error; mod models; mod signature; mod transcript; mod validate;
