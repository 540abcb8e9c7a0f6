# The service, with its page. docker compose up builds it; compose.yaml has the parts that belong to it.
FROM node:22-slim AS page
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci
COPY frontend ./
COPY src /build/src
RUN npx vite build

FROM python:3.12-slim
WORKDIR /build
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY conf conf
COPY src src
COPY --from=page /build/src/timevis/service/web/static src/timevis/service/web/static
# The index of CPU builds of PyTorch; with --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128 one for a GPU.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir torch --index-url "$TORCH_INDEX" \
    && pip install --no-cache-dir --constraint constraints.txt '.[service]' \
    && useradd --create-home --uid 1000 timevis && install -d -o timevis -m 700 /data
USER timevis
WORKDIR /data
ENV TIMEVIS_HOME=/data
EXPOSE 5000
CMD ["timevis", "serve", "--host", "0.0.0.0"]
