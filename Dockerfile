# One image for all programs: the manager, upload services, processing services.
# Any other image with Python 3.11 in it may be the base: --build-arg BASE=…
ARG BASE=python:3.11-slim
FROM ${BASE} AS build

WORKDIR /src
COPY pyproject.toml setup.py constraints.txt package.json package-lock.json README.md LICENSE ./
COPY catalog catalog
COPY cli cli
COPY client_sdk client_sdk
COPY common common
COPY discord_emulator discord_emulator
COPY gateway gateway
COPY manager manager
COPY page page
COPY processing_service processing_service
COPY protocol protocol
COPY reading reading
COPY storage storage
COPY upload_service upload_service
# Node.js, which bundles the page, trusts the authorities of this image, as pip does.
ENV NODE_USE_SYSTEM_CA=1
# The environment has no pip of its own, so that none is in the image.
RUN python -m venv --without-pip /opt/discord-cloud \
    && pip --python /opt/discord-cloud/bin/python install --no-cache-dir \
        --disable-pip-version-check --constraint constraints.txt '.[all]' \
    && /opt/discord-cloud/bin/python -m compileall -q /opt/discord-cloud/lib

FROM ${BASE}

LABEL org.opencontainers.image.title="discord-cloud" \
    org.opencontainers.image.licenses="MIT"
RUN groupadd --system --gid 10001 cloud \
    && useradd --system --uid 10001 --gid cloud --home-dir /data --no-create-home cloud \
    && install -d -o cloud -g cloud -m 0700 /data
COPY --from=build /opt/discord-cloud /opt/discord-cloud
# For clusters, where psql of another image applies them; docker-compose.yml mounts those of its folder.
COPY deploy/migrate.sh local_supabase/roles.sql /opt/discord-cloud/database/
COPY supabase/migrations /opt/discord-cloud/database/migrations
ENV PATH=/opt/discord-cloud/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MANAGER_HOST=0.0.0.0 \
    HOST=0.0.0.0 \
    DATABASE_PATH=/data/catalog.sqlite3 \
    REPORTS_FOLDER=/data/reports
USER cloud
WORKDIR /data
VOLUME /data
EXPOSE 4000 4001
# Of the manager; docker-compose.yml has those of the others.
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:4000/health', timeout=5)"]
ENTRYPOINT ["discord-cloud"]
CMD ["manager"]
