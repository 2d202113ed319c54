# Builds the program once, then keeps only the program.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The dist profile links everything together: slow to build, fast to run.
RUN cargo build --locked --profile dist -p api --bin postventa

FROM debian:bookworm-slim
# curl is for the health check. Certificates are built into the program.
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/postventa --create-home postventa \
 && install --directory --owner=postventa --mode=0700 /var/lib/postventa/files
COPY --from=build /src/target/dist/postventa /usr/local/bin/postventa
USER postventa
WORKDIR /var/lib/postventa
ENV POSTVENTA_BIND=0.0.0.0:8080 \
    POSTVENTA_LOG_FORMAT=json
EXPOSE 8080
# /readyz tells of serve whether the database answers, of worker whether jobs are really done.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8080/readyz"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["postventa"]
CMD ["serve"]
