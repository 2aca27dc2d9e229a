// One example for each command, which its help shows.

/** Command → a line for a shell. */
export const examples: Readonly<Record<string, string>> = {
  run: 'credence-server run --config /etc/credence/server.yaml',
  validate: 'credence-server validate --config /etc/credence/server.yaml --expand-env',
  healthcheck: 'credence-server healthcheck --verbose',
  backup: 'credence-server backup /var/backups/credence.sqlite3',
  'debug getinfo': 'credence-server debug getinfo --output json',
  'logger get': 'credence-server logger get',
  'logger set': 'credence-server logger set --level debug',
  'logger reset': 'credence-server logger reset',
  'token generate': 'credence-server token generate --spiffe-id spiffe://example.org/node1 --ttl 600',
  'entry create':
    'credence-server entry create --parent-id spiffe://example.org/node1 --spiffe-id spiffe://example.org/web --selector unix:user:www-data',
  'entry show': 'credence-server entry show --selector unix:user:www-data --match-selectors-on exact',
  'entry update':
    'credence-server entry update --entry-id 3c1e0a0b-5f0e-4b5e-9f5c-0d6d1f2b7a11 --parent-id spiffe://example.org/node1 --spiffe-id spiffe://example.org/web --selector unix:user:www-data --dns web.example.org',
  'entry delete': 'credence-server entry delete --entry-id 3c1e0a0b-5f0e-4b5e-9f5c-0d6d1f2b7a11',
  'entry count': 'credence-server entry count --parent-id spiffe://example.org/node1',
  'entry explain':
    'credence-server entry explain --agent spiffe://example.org/spire/agent/join_token/node1 --selector unix:uid:1000 --selector unix:gid:1000',
  'agent list': 'credence-server agent list --attestation-type join_token --banned false',
  'agent show': 'credence-server agent show --spiffe-id spiffe://example.org/spire/agent/join_token/node1',
  'agent count': 'credence-server agent count --expires-before 2030-01-02T15:04:05Z',
  'agent ban': 'credence-server agent ban --spiffe-id spiffe://example.org/spire/agent/join_token/node1',
  'agent evict': 'credence-server agent evict --spiffe-id spiffe://example.org/spire/agent/join_token/node1',
  'agent purge': 'credence-server agent purge --expired-for 720h --dry-run',
  'bundle show': 'credence-server bundle show --format spiffe',
  'bundle list': 'credence-server bundle list --id spiffe://other.org',
  'bundle set': 'credence-server bundle set --id spiffe://other.org --path other.pem',
  'bundle delete': 'credence-server bundle delete --id spiffe://other.org --mode dissociate',
  'bundle count': 'credence-server bundle count',
  'federation create':
    'credence-server federation create --trust-domain other.org --bundle-endpoint-url https://other.org/bundle --bundle-endpoint-profile https_web',
  'federation update':
    'credence-server federation update --trust-domain other.org --bundle-endpoint-url https://other.org:8443 --bundle-endpoint-profile https_spiffe --endpoint-spiffe-id spiffe://other.org/spire/server',
  'federation list': 'credence-server federation list',
  'federation show': 'credence-server federation show --trust-domain other.org',
  'federation delete': 'credence-server federation delete --id other.org',
  'federation refresh': 'credence-server federation refresh --id other.org',
  'x509 mint': 'credence-server x509 mint --spiffe-id spiffe://example.org/web --dns web.example.org --write .',
  'jwt mint':
    'credence-server jwt mint --spiffe-id spiffe://example.org/web --audience https://api.example.org --ttl 5m',
  'localauthority x509 show': 'credence-server localauthority x509 show',
  'localauthority x509 prepare': 'credence-server localauthority x509 prepare',
  'localauthority x509 activate':
    'credence-server localauthority x509 activate --authority-id 6f4f4b6e1c0d2a8f9b7e3c5d1a2b3c4d5e6f7a8b',
  'localauthority x509 taint':
    'credence-server localauthority x509 taint --authority-id 6f4f4b6e1c0d2a8f9b7e3c5d1a2b3c4d5e6f7a8b',
  'localauthority x509 revoke':
    'credence-server localauthority x509 revoke --authority-id 6f4f4b6e1c0d2a8f9b7e3c5d1a2b3c4d5e6f7a8b',
  'localauthority jwt show': 'credence-server localauthority jwt show',
  'localauthority jwt prepare': 'credence-server localauthority jwt prepare',
  'localauthority jwt activate': 'credence-server localauthority jwt activate --authority-id xKJ4oS1wq9',
  'localauthority jwt taint': 'credence-server localauthority jwt taint --authority-id xKJ4oS1wq9',
  'localauthority jwt revoke': 'credence-server localauthority jwt revoke --authority-id xKJ4oS1wq9',
  'upstreamauthority taint':
    'credence-server upstreamauthority taint --subject-key-id 6f4f4b6e1c0d2a8f9b7e3c5d1a2b3c4d5e6f7a8b',
  'upstreamauthority revoke':
    'credence-server upstreamauthority revoke --subject-key-id 6f4f4b6e1c0d2a8f9b7e3c5d1a2b3c4d5e6f7a8b',
};
