# The sidecar as an image: one static binary on scratch, run as nobody.
#
#   make image
#   docker run --rm --read-only --cap-drop ALL -e UPSTREAM_URL=… -e JWT_SECRET=… syncward
#
# GO_IMAGE is the builder: any image with a shell, CA certificates and the Go
# that go.mod asks for.
ARG GO_IMAGE=golang:1.26

FROM ${GO_IMAGE} AS build
WORKDIR /src
# A layer of its own: it changes with the dependencies alone.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
ARG COMMIT=unknown
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X main.version=${VERSION} -X main.commit=${COMMIT}" \
      -o /out/syncward ./cmd/syncward

FROM scratch
ARG VERSION=dev
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="syncward" \
      org.opencontainers.image.description="Authenticates the connections of an unchanged sync server" \
      org.opencontainers.image.source="https://github.com/syncward/syncward" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
# For https upstreams without UPSTREAM_CA_FILE.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY LICENSE /LICENSE
COPY --from=build /out/syncward /syncward
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["/syncward"]
CMD ["serve"]
