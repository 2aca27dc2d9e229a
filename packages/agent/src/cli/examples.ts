// One example for each command, which its help shows.

/** Command → a line for a shell. */
export const examples: Readonly<Record<string, string>> = {
  run: 'credence-agent run --config /etc/credence/agent.yaml --join-token-file /run/secrets/join-token',
  validate: 'credence-agent validate --config /etc/credence/agent.yaml --expand-env',
  healthcheck: 'credence-agent healthcheck --verbose',
  explain: 'credence-agent explain --pid 4711',
  'debug getinfo': 'credence-agent debug getinfo --output json',
  'logger get': 'credence-agent logger get',
  'logger set': 'credence-agent logger set --level debug',
  'logger reset': 'credence-agent logger reset',
  helper: 'credence-agent helper --cert-dir /etc/nginx/svid --renew-signal SIGHUP --pid-file-name /run/nginx.pid',
  'api fetch': 'credence-agent api fetch --write .',
  'api fetch x509': 'credence-agent api fetch x509 --write . --silent',
  'api fetch jwt': 'credence-agent api fetch jwt --audience https://api.example.org',
  'api validate jwt': 'credence-agent api validate jwt --audience https://api.example.org --svid -',
  'api watch': 'credence-agent api watch',
};
