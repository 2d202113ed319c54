# Builds the program once, then keeps only the program.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The dist profile links everything together: slow to build, fast to run. What goes out has no demo and no simulated
# gateways: `serve`, `worker` and the commands around them are what an installation needs.
RUN cargo build --locked --profile dist -p api --bin postventa --no-default-features --features worker

FROM debian:bookworm-slim
# curl is for the health check. Certificates of the usual authorities are built into the program. The folders belong to
# group 0: platforms that run containers as a user of their own choosing, whom nobody has named, put it in that group.
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --gid 0 --home-dir /var/lib/postventa --no-create-home postventa \
 && install --directory --owner=10001 --group=0 --mode=2770 /var/lib/postventa /var/lib/postventa/files
COPY --from=build /src/target/dist/postventa /usr/local/bin/postventa
# A number, so that a platform can see that it is not root.
USER 10001:0
WORKDIR /var/lib/postventa
ENV POSTVENTA_BIND=0.0.0.0:8080 \
    POSTVENTA_LOG_FORMAT=json
EXPOSE 8080
# /readyz tells of serve whether the database answers, of worker whether jobs are really done.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://localhost:8080/readyz"]
STOPSIGNAL SIGTERM
# What one of the group has made, the others can change: the next container may run as another user.
ENTRYPOINT ["sh", "-c", "umask 0007 && exec postventa \"$@\"", "postventa"]
CMD ["serve"]
