# An image of this checkout: docker build -t parley .
# A project with a dialog of its own has a smaller file: docs/how-to/deploy.md, or `parley init`.
FROM node:24-slim AS build
WORKDIR /parley
COPY . .
RUN npm ci && npm run build && npm pack --pack-destination /tmp
WORKDIR /robot
RUN echo '{ "private": true }' > package.json \
 && npm install --omit=dev /tmp/parley-voice-*.tgz \
 && node node_modules/parley-voice/native/prune.mjs
# A volume takes over the owner of the folder that it covers.
RUN mkdir /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /usr/local/bin/node /usr/local/bin/node
WORKDIR /robot
COPY --from=build --chown=nonroot /robot /robot
COPY --from=build --chown=nonroot /data /data
ENV PARLEY_DATA_DIR=/data PARLEY_HOST=0.0.0.0
VOLUME /data
EXPOSE 7400
USER nonroot
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["/usr/local/bin/node", "-e", "fetch('http://127.0.0.1:7400/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/usr/local/bin/node", "--initial-old-space-size=256", "--min-semi-space-size=16", "--max-semi-space-size=32", "node_modules/parley-voice/bin/parley.mjs"]
CMD ["serve"]
