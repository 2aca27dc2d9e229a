// Every RPC by which somebody with an SVID, or a join token, has a certificate request signed.
import type { KeyObject } from 'node:crypto';
import { attestSvid, call } from './grpc.js';
import type { RogueAgent } from './rogue-agent.js';
import { RogueScene } from './rogue-scene.js';

/** An agent with the entries `own` and `downstream`, and the server below that the latter stands for. */
export class CsrSenders implements AsyncDisposable {
  readonly scene: RogueScene;
  readonly agent: RogueAgent;
  readonly #downstream: RogueAgent;

  private constructor(scene: RogueScene, agent: RogueAgent, downstream: RogueAgent) {
    this.scene = scene;
    this.agent = agent;
    this.#downstream = downstream;
  }

  static async create(): Promise<CsrSenders> {
    const scene = await RogueScene.create();
    const agent = await scene.join();
    await scene.entry('own', agent.svid.path, { dns_names: ['own.example'] });
    await scene.entry('downstream', agent.svid.path, { downstream: true });
    return new CsrSenders(scene, agent, await agent.workload('downstream'));
  }

  /** The certificate for the request, DER; or the status that it is refused with is thrown. */
  sign(rpc: SigningRpc, csr: Buffer, key: KeyObject): Promise<Buffer> {
    return signers[rpc]({ ...this.#callers, csr, key });
  }

  get #callers(): Callers {
    return { scene: this.scene, agent: this.agent, downstream: this.#downstream };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const caller of [this.agent, this.#downstream]) caller[Symbol.dispose]();
    await this.scene[Symbol.asyncDispose]();
  }
}

interface Callers {
  readonly scene: RogueScene;
  readonly agent: RogueAgent;
  readonly downstream: RogueAgent;
}

interface Sent extends Callers {
  readonly csr: Buffer;
  readonly key: KeyObject;
}

export const signingRpcs = ['BatchNewX509SVID', 'RenewAgent', 'AttestAgent', 'NewDownstreamX509CA'] as const;
export type SigningRpc = (typeof signingRpcs)[number];

const signers: Readonly<Record<SigningRpc, (sent: Sent) => Promise<Buffer>>> = {
  BatchNewX509SVID: async ({ agent, csr }) => {
    const { results } = await call(agent.svids, 'BatchNewX509SVID', { params: [{ entry_id: 'own', csr }] });
    const [{ svid, status } = {}] = results;
    if (svid == null) throw Object.assign(new Error(status?.message), { code: status?.code, details: status?.message });
    return leafOf(svid.cert_chain);
  },
  RenewAgent: async ({ agent, csr }) => {
    const { svid } = await call(agent.agents, 'RenewAgent', { params: { csr } });
    return leafOf(svid?.cert_chain);
  },
  AttestAgent: async ({ scene, csr, key }) => {
    const { port, roots } = scene.server;
    const token = await scene.server.generateToken();
    return leafOf((await attestSvid(`127.0.0.1:${port}`, roots, token, { key, csr })).chain);
  },
  NewDownstreamX509CA: async ({ downstream, csr }) => {
    return leafOf((await call(downstream.svids, 'NewDownstreamX509CA', { csr })).ca_cert_chain);
  },
};

function leafOf([leaf]: readonly Buffer[] = []): Buffer {
  if (leaf === undefined) throw new Error('no certificate came back');
  return leaf;
}
