#!/bin/sh
# Prints new secrets for .env: `deploy/make-secrets.sh >> .env`, once. Needs openssl.
# SUPABASE_KEY is for the database of docker-compose.yml: a token that PostgREST believes, because it
# is signed with JWT_SECRET. With a hosted Supabase take the project's secret key instead.
set -eu

base64url() {
    openssl base64 -A | tr '+/' '-_' | tr -d '='
}

credential() {
    printf 'dcs_%s' "$(openssl rand 32 | base64url)"
}

jwt_secret=$(openssl rand -hex 32)
unsigned=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url).$(
    printf '{"role":"service_role","iss":"discord-cloud"}' | base64url
)
signature=$(printf '%s' "$unsigned" | openssl dgst -sha256 -hmac "$jwt_secret" -binary | base64url)

cat <<ENV
UPLOAD_CREDENTIAL=$(credential)
PROCESSING_CREDENTIAL=$(credential)
GATEWAY_CREDENTIAL=$(credential)
METRICS_CREDENTIAL=$(credential)
MESSAGE_ENCRYPTION_KEY=$(openssl rand -base64 32)
NATS_PASSWORD=$(openssl rand -hex 24)
POSTGRES_PASSWORD=$(openssl rand -hex 24)
AUTHENTICATOR_PASSWORD=$(openssl rand -hex 24)
JWT_SECRET=$jwt_secret
SUPABASE_KEY=$unsigned.$signature
ENV
