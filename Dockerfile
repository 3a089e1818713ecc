# syntax=docker/dockerfile:1
# The image of the product: the one binary on a small system, without root, without a compiler, without secrets.

ARG RUST=1.95.0
ARG DEBIAN=bookworm

FROM rust:${RUST}-slim-${DEBIAN} AS build
ARG RUST
WORKDIR /src
# The image is the toolchain: rust-toolchain.toml would fetch components that only checks need.
ENV SQLX_OFFLINE=true RUSTUP_TOOLCHAIN=${RUST}
COPY . .
# The caches outlive the layer, so a change in src/ does not compile the dependencies again; the binary is
# copied out of the cache because a mount is not part of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked -p starling --bin starling \
    && install -D target/release/starling /out/starling

FROM debian:${DEBIAN}-slim
LABEL org.opencontainers.image.title="starling" \
      org.opencontainers.image.description="A self-hosted Telegram bot that sells access to an AI assistant" \
      org.opencontainers.image.licenses="MIT"
# A number instead of a name lets the kernel and Kubernetes see that it is not root.
RUN groupadd --system --gid 10001 starling \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin starling
COPY --from=build /out/starling /usr/local/bin/starling
COPY --chmod=755 scripts/healthcheck /usr/local/bin/healthcheck
USER 10001:10001
WORKDIR /var/empty
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["healthcheck"]
ENTRYPOINT ["starling"]
CMD ["run"]
