import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Files and contents of an authority and of the certificate that it signed for `localhost`. */
export interface Certificates {
  readonly caFile: string;
  readonly ca: string;
  readonly certFile: string;
  readonly cert: string;
  readonly keyFile: string;
  readonly key: string;
}

/** Makes an authority and a server's certificate in `directory`. `names` are the subject's alternative names. */
export function makeCertificates(directory: string, names = "DNS:localhost,IP:127.0.0.1"): Certificates {
  const path = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe", cwd: directory });
  const ecKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...ecKey, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority");
  openssl("req", ...ecKey, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=test server");
  writeFileSync(path("extensions"), `subjectAltName=${names}\n`);
  const sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "extensions"];
  openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", ...sign);
  const files = { caFile: path("ca.pem"), certFile: path("server.pem"), keyFile: path("server.key") };
  const read = (file: string) => readFileSync(file, "utf8");
  return { ...files, ca: read(files.caFile), cert: read(files.certFile), key: read(files.keyFile) };
}
