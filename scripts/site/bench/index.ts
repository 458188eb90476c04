/**
 * `npm run bench:site -- [--database postgresql|mariadb] [--rounds 5] [--seconds 15]`: the site of `npm run site` beside
 * the same Moodle under Debian's own Apache with mod_php, on the same database, in turn: requests a second, the 95th
 * percentile, memory, and time of processors a request, at 20 clients, of whom none keeps a file. Medians; nothing is asserted. MOODLE_SRC names
 * Moodle's code; packages apache2 and libapache2-mod-php8.2 are needed beside those of the site.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { savedEnvironment, up } from "../commands";
import { locked } from "../lock";
import { siteOptions, sources } from "../options";
import { Site } from "../site";
import { enter } from "../user";
import { apache } from "./apache";
import { load } from "./load";
import { memoryMb } from "./memory";
import { processorSeconds } from "./processors";
import { Visitor } from "./visitor";

const CLIENTS = 20;
/** Sessions that take turns: many more than clients. */
const SESSIONS = 100;
const FILE_BYTES = 10 * 2 ** 20;
const OWN = ["nginx", "php-fpm", "redis-sessions", "redis-cache"] as const;

/** Read before rights are given up. */
const SOURCES = __dirname.replace(/\/dist(?=\/scripts\/site\/bench$)/, "");
const COURSE = readFileSync(join(SOURCES, "course.php"), "utf8");

/** A web server to measure. */
interface Server {
  readonly name: string;
  readonly url: string;
  readonly services: readonly string[];
  cookies: string[];
}

interface Course {
  readonly course: string;
  readonly file: string;
  readonly username: string;
  readonly password: string;
}

interface Measurement {
  readonly page: string;
  readonly server: string;
  readonly requestsPerSecond: number;
  readonly p95: number;
  readonly memoryMb: number;
  /** Milliseconds of processors that a request took of web server, PHP, Redis and database together. */
  readonly processorMs: number;
}

function makeCourse(site: Site): Course {
  const [file, script] = [site.path("bench/lecture.bin"), site.path("bench/course.php")];
  writeFileSync(file, randomBytes(FILE_BYTES));
  writeFileSync(script, COURSE);
  const output = execFileSync("moodle", ["php", script, `BENCH-${Date.now()}`, file], {
    env: savedEnvironment(site),
    encoding: "utf8",
  });
  return JSON.parse(output.trim().split("\n").at(-1) ?? "");
}

async function measure(site: Site, servers: readonly Server[], course: Course, rounds: number, seconds: number) {
  const pages = [
    { page: "login page", path: "/login/index.php", isLoggedIn: false, isNew: false },
    { page: "course page", path: course.course, isLoggedIn: true, isNew: false },
    { page: "10 MB file, not asked for before", path: course.file, isLoggedIn: true, isNew: true },
    { page: "10 MB file, asked for again", path: course.file, isLoggedIn: true, isNew: false },
  ];
  const measurements: Measurement[] = [];
  // The first round warms everything up.
  for (let round = 0; round <= rounds; round++) {
    for (const { page, path, isLoggedIn, isNew } of pages) {
      // Neither is always the first.
      for (const server of round % 2 === 0 ? servers : [...servers].reverse()) {
        const cookies = isLoggedIn ? server.cookies : ["bench=1"];
        const duration = round === 0 ? 5 : seconds;
        const busy = () => processorSeconds(site, [...server.services, site.options.database]);
        const before = busy();
        const running = load({ url: server.url + path, cookies, seconds: duration, clients: CLIENTS, isNew });
        let memory = 0;
        const timer = setInterval(() => {
          memory = Math.max(memory, memoryMb(site, server.services));
        }, 2000);
        const { requests, requestsPerSecond, p95 } = await running.finally(() => clearInterval(timer));
        const processorMs = ((busy() - before) * 1000) / requests;
        const figures = { requestsPerSecond, p95, memoryMb: memory, processorMs };
        if (round > 0) measurements.push({ page, server: server.name, ...figures });
      }
    }
    console.log(`round ${round} of ${rounds}, load ${loadavg()[0]?.toFixed(1)}`);
  }
  return measurements;
}

function report(measurements: readonly Measurement[], servers: readonly Server[]): void {
  const columns = (...cells: string[]) =>
    console.log(cells.map((cell, index) => (index === 0 ? cell.padEnd(56) : cell.padStart(14))).join(""));
  columns("", "requests/s", "p95", "memory", "processor");
  for (const page of new Set(measurements.map((measurement) => measurement.page))) {
    const rates = servers.map(({ name }) => {
      const own = measurements.filter((measurement) => measurement.page === page && measurement.server === name);
      const figure = (key: "requestsPerSecond" | "p95" | "memoryMb" | "processorMs") =>
        median(own.map((measurement) => measurement[key]));
      columns(
        `${page}, ${name}`,
        figure("requestsPerSecond").toFixed(1),
        `${figure("p95").toFixed(0)} ms`,
        `${figure("memoryMb").toFixed(0)} MiB`,
        `${figure("processorMs").toFixed(1)} ms`,
      );
      return own.map(({ requestsPerSecond }) => requestsPerSecond);
    });
    // Of the same round, as the machine may be faster in one than in another.
    const [first = [], second = []] = rates;
    columns(
      `${page}, times as many`,
      median(first.map((rate, round) => rate / (second[round] ?? Number.NaN))).toFixed(2),
    );
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
}

async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { database: text, folder: text, port: text, rounds: text, seconds: text } });
  const { database = "postgresql", folder = `build/bench-${database}`, port = "18080" } = values;
  const [rounds, seconds] = [Number(values.rounds ?? "5"), Number(values.seconds ?? "15")];
  const options = siteOptions({ database, folder, port });
  // Without plugins: an object store would serve the file.
  const { moodle } = sources(process.env);
  enter(options.folder);
  const site = new Site(options);
  await locked(options.folder, async () => {
    const never = new AbortController().signal;
    try {
      await up(site, { moodle }, console.log, never);
      // Their work would be counted for one server or the other.
      await site.processes.stop(["cron", "adhoc", "metrics"]);
      mkdirSync(site.path("bench"), { recursive: true });
      const course = makeCourse(site);
      const apachePort = options.port + 10;
      await site.processes.start(apache(site, apachePort), never);
      const servers: Server[] = [
        { name: "nginx and PHP-FPM", url: `http://localhost:${options.port}`, services: OWN, cookies: [] },
        { name: "Apache and mod_php", url: `http://localhost:${apachePort}`, services: ["apache"], cookies: [] },
      ];
      for (const server of servers) {
        while (server.cookies.length < SESSIONS) {
          const logins = Array.from({ length: CLIENTS }, () =>
            new Visitor(server).login(course.username, course.password),
          );
          server.cookies.push(...(await Promise.all(logins)).map(({ cookie }) => cookie));
        }
      }
      console.log(
        `${database}, ${CLIENTS} clients, ${rounds} rounds of ${seconds} seconds, load ${loadavg()[0]?.toFixed(1)}`,
      );
      report(await measure(site, servers, course, rounds, seconds), servers);
    } finally {
      await site.processes.stop();
    }
  });
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
