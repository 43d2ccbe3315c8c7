# The operator as a static binary in an empty image. CI does not build this file: see docs/operator.md.
#
#   docker build -t orgform-operator:0.1.0 .
#   docker build -t orgform:0.1.0 --build-arg PACKAGE=orgform .     # the CLI
FROM rust:1.95-alpine AS build
# ring and jemalloc compile C and assembly.
RUN apk add --no-cache musl-dev gcc make
WORKDIR /src
COPY . .
ARG PACKAGE=orgform-operator
# Alpine's target is musl: the binary needs no library of the image that it runs in.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --profile dist --package "$PACKAGE" && cp "target/dist/$PACKAGE" /program

FROM scratch
# Without these no certificate of a provider can be checked, and the HTTP client does not even start.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /program /orgform
USER 65532:65532
ENTRYPOINT ["/orgform"]
