/** Someone with a browser: keeps cookies and follows redirects. */
export class Visitor {
  readonly cookies = new Map<string, string>();

  constructor(private readonly site: { readonly url: string }) {}

  /** What a browser sends as `Cookie`. */
  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    let url = new URL(path, this.site.url);
    let request = init;
    for (let redirects = 0; redirects < 10; redirects++) {
      const headers = { ...request.headers, cookie: this.cookie };
      const response = await fetch(url, { ...request, redirect: "manual", headers });
      for (const line of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value === "deleted") this.cookies.delete(name);
        else this.cookies.set(name, value);
      }
      const location = response.headers.get("location");
      if (location === null) return response;
      url = new URL(location, url);
      request = { headers: init.headers };
    }
    throw new Error(`${path} redirects without end`);
  }

  async text(path: string): Promise<string> {
    const response = await this.fetch(path);
    if (!response.ok) throw new Error(`${path} answers ${response.status}`);
    return response.text();
  }

  /** Throws unless Moodle lets the user in. */
  async login(username: string, password: string): Promise<this> {
    const form = await this.text("/login/index.php");
    const token = /name="logintoken" value="(\w+)"/.exec(form)?.[1] ?? "";
    const body = new URLSearchParams({ username, password, logintoken: token });
    const page = await (await this.fetch("/login/index.php", { method: "POST", body })).text();
    if (!page.includes("login/logout.php")) throw new Error(`Moodle does not let ${username} in`);
    return this;
  }
}
