import { type Answer, type EmulatedRequest, Emulator, json } from "./emulator";

/** Vault as this program sees it: the Kubernetes login and the KV engine, version 2. Serves TLS. */
export class VaultEmulator extends Emulator {
  /** Versions of each secret from 1 on; null is a deleted one. */
  readonly secrets = new Map<string, (Record<string, unknown> | null)[]>();
  /** The token that it takes, and the next login brings. */
  token = "hvs.example-of-a-client-token";
  /** How often Vault says that it is sealed. */
  sealedAnswers = 0;

  current(name: string): Record<string, string> {
    return (this.secrets.get(name)?.at(-1) ?? {}) as Record<string, string>;
  }

  put(name: string, value: Record<string, unknown> | null): void {
    this.secrets.set(name, [...(this.secrets.get(name) ?? []), value]);
  }

  protected async answer({ method, url, headers, body }: EmulatedRequest): Promise<Answer> {
    if (this.sealedAnswers-- > 0) return json(503, { errors: ["Vault is sealed"] });
    if (url.pathname === "/v1/auth/kubernetes/login") {
      const { role, jwt } = JSON.parse(body) as { role: string; jwt: string };
      if (role !== "moodle" || jwt !== "pod-token") return json(403, { errors: ["permission denied"] });
      return json(200, { auth: { client_token: this.token } });
    }
    if (headers["x-vault-token"] !== this.token) {
      return json(403, { errors: ["permission denied"] });
    }
    const name = /^\/v1\/secret\/data\/(.+)$/.exec(url.pathname)?.[1];
    if (name === undefined) return json(404, { errors: ["no handler for route"] });
    const versions = this.secrets.get(name) ?? [];
    const version = versions.length;
    if (method === "GET") {
      const asked = Number(url.searchParams.get("version") ?? 0);
      const data = versions.at(asked === 0 ? -1 : asked - 1);
      if (data === undefined) return json(404, { errors: [] });
      return json(data === null ? 404 : 200, { data: { data, metadata: { version: asked === 0 ? version : asked } } });
    }
    const { options, data } = JSON.parse(body) as { options: { cas: number }; data: Record<string, unknown> };
    if (options.cas !== version) {
      return json(400, { errors: ["check-and-set parameter did not match the current version"] });
    }
    this.put(name, data);
    return json(200, { data: { version: version + 1 } });
  }
}
