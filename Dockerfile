# One image for every service; docker-compose.yml names the service to run.
FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY . .
RUN npm ci --omit=dev --ignore-scripts && mkdir -p /data && chown node:node /data
USER node
CMD ["node", "services/gateway/src/main.ts"]
