/** The digest of a Dockerfile's base image. */

/** What a registry answers, or undefined where it does not. */
export type Digests = (repository: string, tag: string) => Promise<string | undefined>;

/** The first image that a Dockerfile names, with its tag, and its digest where it has one. */
const BASE = /^FROM docker\.io\/([a-z0-9/._-]+):([\w.-]+)(@sha256:[0-9a-f]{64})? AS /m;

/** A Dockerfile whose base is pinned to the digest that its tag has now; unchanged where the registry does not answer. */
export async function pinBase(dockerfile: string, digests: Digests): Promise<string> {
  const [line, repository, tag] = BASE.exec(dockerfile) ?? [];
  if (line === undefined || repository === undefined || tag === undefined) {
    throw new Error("the Dockerfile begins with no FROM docker.io/<repository>:<tag> AS <name>");
  }
  const digest = await digests(repository, tag);
  if (digest === undefined) {
    console.warn(`the registry of ${repository}:${tag} does not answer: its digest stays as it is`);
    return dockerfile;
  }
  return dockerfile.replace(BASE, `FROM docker.io/${repository}:${tag}@${digest} AS `);
}

/**
 * Asks Docker Hub for the digest of a tag's list of platforms.
 * https://distribution.github.io/distribution/spec/api/
 */
export async function imageDigest(repository: string, tag: string): Promise<string | undefined> {
  try {
    const scope = `repository:${repository}:pull`;
    const login = await fetch(`https://auth.docker.io/token?service=registry.docker.io&scope=${scope}`);
    const { token } = (await login.json()) as { token: string };
    const answer = await fetch(`https://registry-1.docker.io/v2/${repository}/manifests/${tag}`, {
      method: "HEAD",
      headers: { authorization: `Bearer ${token}`, accept: "application/vnd.oci.image.index.v1+json" },
    });
    const digest = answer.headers.get("docker-content-digest") ?? "";
    return answer.ok && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : undefined;
  } catch {
    return undefined;
  }
}
