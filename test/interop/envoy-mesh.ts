// Two nodes with an agent each, on each an Envoy in front of a service that knows plain HTTP only.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../support/child.js';
import { Deployment, freePort } from '../support/deployment.js';
import { envoyConfiguration, type Secrets } from './envoy-config.js';
import { Envoy } from './envoy-process.js';
import { program } from './programs.js';

export const meshDomain = 'example.com';
export const id = (path: string): string => `spiffe://${meshDomain}${path}`;

/** As the zero-trust guides have it: secrets named by SPIFFE ID and by trust domain. */
const guide = (certificate: string, peer: string): Secrets => ({
  certificate: id(certificate),
  validation: `spiffe://${meshDomain}`,
  peer: { exact: id(peer) },
});
const rootca = (peer: string): Secrets => ({ certificate: 'default', validation: 'ROOTCA', peer: { exact: id(peer) } });

/** Ways in which web's Envoy reaches api's. */
const ways: Readonly<Record<string, (certificate: string, peer: string) => Secrets>> = {
  guide,
  rootca: (_, peer) => ({ ...rootca(peer), nodeOnFirstMessageOnly: true }),
  delta: (_, peer) => ({ ...rootca(peer), api: 'DELTA_GRPC' }),
  'delta-guide': (certificate, peer) => ({ ...guide(certificate, peer), api: 'DELTA_GRPC' }),
};
export const wayNames = Object.keys(ways);

/** What a service answers: who it is, and the headers that it was sent. */
export interface Answer {
  readonly service: string;
  readonly headers: Readonly<Record<string, string>>;
}

export class Mesh implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly web: Envoy;
  readonly api: Envoy;
  /** The agent of web's node. */
  readonly webAgent: Child;
  /** Where api's Envoy lets members of other trust domains in. */
  readonly partnerPort: number;
  /** Where web's Envoy looks for a service that does mutual TLS itself, by the way `sdk`. */
  readonly sdkPort: number;
  #apiAgent: Child;
  readonly #services: readonly Server[];

  private constructor(
    parts: Pick<Mesh, 'deployment' | 'web' | 'api' | 'webAgent' | 'partnerPort' | 'sdkPort'>,
    apiAgent: Child,
    services: readonly Server[],
  ) {
    this.deployment = parts.deployment;
    this.web = parts.web;
    this.api = parts.api;
    this.webAgent = parts.webAgent;
    this.partnerPort = parts.partnerPort;
    this.sdkPort = parts.sdkPort;
    this.#apiAgent = apiAgent;
    this.#services = services;
  }

  /** Starts all of it, without an entry for anybody. */
  static async start(context: Mocha.Context): Promise<Mesh> {
    const envoy = program(context, 'envoy');
    const deployment = await Deployment.create(meshDomain);
    await deployment.startServer();
    const webAgent = await deployment.startAgent({ name: 'web-node' });
    const apiAgent = await deployment.startAgent({ name: 'api-node' });
    const services = [await startService('web'), await startService('api')];
    const [webService, apiService] = services.map(portOf) as [number, number];
    const ports = new Map<string, number>();
    for (const name of [...wayNames, 'late', 'partner', 'sdk', 'back']) ports.set(name, await freePort());
    const ingress = (name: string, secrets: Secrets, service: number) => ({
      ...{ name, secrets, service },
      port: ports.get(name)!,
    });
    const egress = (name: string, secrets: Secrets, to = name) => ({ name, secrets, peerPort: ports.get(to)! });

    const api = await Envoy.start(
      envoy,
      deployment,
      envoyConfiguration({
        name: 'api',
        socket: deployment.workloadSocket('api-node'),
        ingress: [
          ...Object.entries(ways).map(([name, secrets]) => ingress(name, secrets('/api', '/web'), apiService)),
          ingress('late', guide('/api', '/late'), apiService),
          ingress(
            'partner',
            { ...rootca(''), validation: 'ALL', peer: { prefix: 'spiffe://partner.test/' } },
            apiService,
          ),
        ],
        egress: [egress('back', guide('/api', '/web'))],
      }),
    );
    const web = await Envoy.start(
      envoy,
      deployment,
      envoyConfiguration({
        name: 'web',
        socket: deployment.workloadSocket('web-node'),
        ingress: [ingress('back', guide('/web', '/api'), webService)],
        egress: [
          ...Object.entries(ways).map(([name, secrets]) => egress(name, secrets('/web', '/api'))),
          egress('not-late', guide('/web', '/api'), 'late'),
          egress('sdk', guide('/web', '/api')),
          egress('somebody', guide('/web', '/somebody'), 'guide'),
          egress('late', { ...guide('/late', '/api'), patience: '1s' }),
        ],
      }),
    );
    return new Mesh(
      { deployment, web, api, webAgent, partnerPort: ports.get('partner')!, sdkPort: ports.get('sdk')! },
      apiAgent,
      services,
    );
  }

  /** An entry for the Envoy of a node; answers its ID. */
  createEntry(node: 'web' | 'api', path: string, ...flags: string[]): Promise<string> {
    return this.deployment.createEntry(path, '--parent-id', id(`/${node}-node`), ...flags);
  }

  /** Replaces the agent of api's node by a new process. */
  async restartApiAgent(): Promise<void> {
    await this.#apiAgent.stop();
    this.#apiAgent = await this.deployment.startAgent({ name: 'api-node', token: false });
  }

  /** Where an Envoy takes calls for a peer. */
  url(way: string): Promise<string> {
    return (way === 'back' ? this.api : this.web).url(`to-${way}`);
  }

  /** A call through both Envoys. */
  async call(way: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const response = await fetch(await this.url(way), { headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`${way}: ${response.status} ${text}`);
    return JSON.parse(text) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deployment[Symbol.asyncDispose]();
    for (const service of this.#services) service.close().closeAllConnections();
  }
}

/** Calls one after the other, some hundred a second, until it is stopped; remembers each that was not answered well. */
export class Load {
  readonly failures: string[] = [];
  #calls = 0;
  #stopped = false;
  #done: Promise<unknown> = Promise.resolve();

  static start(urls: readonly string[]): Load {
    const load = new Load();
    load.#done = Promise.all(urls.map((url) => load.#run(url)));
    return load;
  }

  get calls(): number {
    return this.#calls;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(url: string): Promise<void> {
    while (!this.#stopped) {
      try {
        const response = await fetch(url);
        const text = await response.text();
        if (!response.ok) this.failures.push(`${response.status} ${text}`);
      } catch (error) {
        this.failures.push(String(error));
      }
      this.#calls++;
      await sleep(10);
    }
  }
}

async function startService(service: string): Promise<Server> {
  const server = createServer(({ headers }, response) => {
    response.end(JSON.stringify({ service, headers }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
