/**
 * `npm run sticky-comment -- FILE`: puts the file's text on the pull request of the workflow that runs: in place of the
 * earlier comment with the same first line, or as a new one. Reads the variables that GitHub Actions sets, and
 * `GITHUB_TOKEN`, which needs `pull-requests: write`.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

interface Variables {
  readonly GITHUB_API_URL: string;
  readonly GITHUB_REPOSITORY: string;
  /** File with the event that started the workflow. */
  readonly GITHUB_EVENT_PATH: string;
  readonly GITHUB_TOKEN: string;
}

interface Comment {
  readonly id: number;
  readonly body?: string;
  readonly user: { readonly type: string } | null;
}

const PAGE = 100;

export async function putComment(body: string, variables: Variables): Promise<"created" | "updated"> {
  const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_EVENT_PATH } = variables;
  const { pull_request } = JSON.parse(readFileSync(GITHUB_EVENT_PATH, "utf8")) as { pull_request: { number: number } };
  const issues = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/issues`;
  const earlier = await find(`${issues}/${pull_request.number}/comments`, firstLine(body), variables);
  if (earlier === undefined) {
    await call("POST", `${issues}/${pull_request.number}/comments`, variables, { body });
    return "created";
  }
  await call("PATCH", `${issues}/comments/${earlier.id}`, variables, { body });
  return "updated";
}

/** Only a bot's comment counts: anyone can write the same first line, and nobody may edit another's words. */
async function find(comments: string, mark: string, variables: Variables): Promise<Comment | undefined> {
  for (let page = 1; ; page++) {
    const found = (await call("GET", `${comments}?per_page=${PAGE}&page=${page}`, variables)) as Comment[];
    const match = found.find(({ body = "", user }) => firstLine(body) === mark && user?.type === "Bot");
    if (match !== undefined || found.length < PAGE) return match;
  }
}

async function call(method: string, url: string, { GITHUB_TOKEN }: Variables, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${GITHUB_TOKEN}`, accept: "application/vnd.github+json" },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname}: ${response.status} ${await response.text()}`);
  return response.json();
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? "";
}

async function main(): Promise<void> {
  const [file] = parseArgs({ allowPositionals: true }).positionals;
  if (file === undefined) throw new Error("name the file that holds the comment");
  console.log(await putComment(readFileSync(file, "utf8"), process.env as unknown as Variables));
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
