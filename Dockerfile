# Builds the one-file executable and puts it, alone, into an image without shell or package manager.
#
#   docker build -t cairn .
#   docker run -p 127.0.0.1:8080:8080 -p 8333:8333 -v cairn:/data cairn
#
# Inside a container the API must listen on all addresses to be reachable at all; publishing the
# port on 127.0.0.1, as above, keeps it on this machine. Keep /tmp writable and executable: the
# native signature library is unpacked there, and without it signatures verify far more slowly.

FROM node:22-bookworm-slim AS build
WORKDIR /source
COPY package.json bun.lock bunfig.toml ./
RUN npx --yes bun@1.4.5 install --frozen-lockfile
COPY . .
RUN npx --yes bun@1.4.5 run build && mkdir /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /source/dist/cairn /usr/local/bin/cairn
COPY --from=build /source/LICENSE /usr/share/doc/cairn/LICENSE
COPY --from=build --chown=nonroot:nonroot /data /data
ENV CAIRN_DATA=/data CAIRN_API_HOST=0.0.0.0 CAIRN_API_EXPOSE=true
USER nonroot
VOLUME /data
EXPOSE 8080 8333
# The first seconds go into opening the database and replaying what a crash left.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 \
  CMD ["/usr/local/bin/cairn", "status", "--url", "http://127.0.0.1:8080", "--json"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/cairn"]
CMD ["start"]
