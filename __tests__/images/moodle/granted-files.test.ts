import { rmSync } from "node:fs";
import { join } from "node:path";
import { MoodleFolder } from "./support/moodle-folder";
import { type Answer, WebServer } from "./support/web-server";

/** Hands a file over as Moodle does, with what a test asks for, and says by the file's name which answer it is. */
const PAGE = `<?php
require getenv('MOODLE_LIB_DIR') . '/settings/load.php';
platform\\GrantedFiles::answer(platform\\load_settings((string) getenv('MOODLE_SOURCE_DIR'))->dataroot);
http_response_code((int) ($_GET['status'] ?? 200));
header('Cache-Control: private, max-age=' . ($_GET['age'] ?? 86400) . ', no-transform');
header('Content-Type: video/mp4');
header('Content-Disposition: inline; filename="' . uniqid() . '"');
if (isset($_GET['policy'])) {
    header("Content-Security-Policy: default-src 'none'; img-src 'self'");
    header('Access-Control-Allow-Origin: *');
    header('Access-Control-Allow-Headers: range');
    header('Access-Control-Expose-Headers: Content-Range');
}
if (isset($_GET['cookie'])) setcookie('MoodleSession', 'new');
$file = '/filedir/ab/' . ($_GET['file'] ?? 'film');
$is_there = is_file(getenv('MOODLE_DATA_DIR') . $file);
if ($is_there && ($_GET['by'] ?? 'nginx') === 'nginx') header('X-Accel-Redirect: ' . rawurlencode("/dataroot$file"));
else echo 'by PHP';`;

/** A little more than a mebibyte. */
const SIZE = 1_048_580;

const folder = new MoodleFolder();
let server: WebServer;

beforeAll(async () => {
  folder.file("source/pluginfile.php", PAGE);
  folder.file("source/other.php", PAGE);
  folder.file("data/filedir/ab/film", "0123456789".repeat(SIZE / 10));
  folder.file("data/filedir/ab/icon", "0123456789".repeat(SIZE / 10 - 1));
  server = await WebServer.start(folder, { MOODLE_TRUSTED_PROXIES: "127.0.0.0/8" });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

let count = 0;
/** A session of its own for each test, with what a browser sends beside it. */
const session = () => ({ cookie: `other=1; MoodleSession=${"s".repeat(25)}${++count}` });

const answerOf = ({ headers }: Answer) => headers["content-disposition"];

/** Whether the second request was answered without Moodle. */
async function isRepeated(
  path: string,
  first: Record<string, string> = session(),
  second: Record<string, string> = first,
  secondPath = path,
): Promise<boolean> {
  return answerOf(await server.get(path, first)) === answerOf(await server.get(secondPath, second));
}

test("ranges of a file cost Moodle one answer", async () => {
  const visitor = session();
  const first = await server.get("/pluginfile.php/5/film.mp4", { ...visitor, range: "bytes=0-4" });
  const next = await server.get("/pluginfile.php/5/film.mp4", { ...visitor, range: "bytes=5-14" });
  const whole = await server.get("/pluginfile.php/5/film.mp4", visitor);
  expect(first).toMatchObject({ status: 206, body: "01234" });
  expect(next).toMatchObject({ status: 206, body: "5678901234" });
  expect(whole.body).toHaveLength(SIZE);
  expect(answerOf(first)).toMatch(/^inline; filename="/);
  for (const { headers } of [next, whole]) {
    expect(headers).toMatchObject({
      "content-disposition": answerOf(first),
      "content-type": "video/mp4",
      "cache-control": "private, max-age=86400, no-transform",
    });
  }
});

test("what Moodle allows a file to do goes with it each time, and with each range", async () => {
  const [path, visitor] = ["/pluginfile.php/5/film.mp4?policy=1", session()];
  const first = await server.get(path, visitor);
  const next = await server.get(path, { ...visitor, range: "bytes=0-4" });
  expect(answerOf(next)).toBe(answerOf(first));
  for (const { headers } of [first, next]) {
    expect(headers).toMatchObject({
      "content-security-policy": "default-src 'none'; img-src 'self'",
      "access-control-allow-origin": "*",
      "access-control-allow-headers": "range",
      "access-control-expose-headers": "Content-Range",
      "x-content-type-options": "nosniff",
      "strict-transport-security": "max-age=31536000",
    });
  }
});

test("an answer is repeated for half a minute after Moodle gave it", async () => {
  folder.file("source/kept.php", "<?php echo json_encode(apcu_cache_info()['cache_list']);");
  await server.get("/pluginfile.php/5/film.mp4", session());
  const kept: { info: string; ttl: number }[] = JSON.parse((await server.get("/kept.php")).body);
  const answers = kept.filter(({ info }) => info.startsWith("granted:"));
  expect(answers.length).toBeGreaterThan(0);
  for (const { ttl } of answers) expect(ttl).toBe(30);
});

test("another session, another address and another file are asked about", async () => {
  const path = "/pluginfile.php/5/film.mp4";
  const visitor = { ...session(), "x-forwarded-for": "203.0.113.7" };
  expect(await isRepeated(path, visitor)).toBe(true);
  expect(await isRepeated(path, visitor, { ...visitor, ...session() })).toBe(false);
  expect(await isRepeated(path, visitor, { ...visitor, "x-forwarded-for": "203.0.113.8" })).toBe(false);
  expect(await isRepeated(path, visitor, visitor, `${path}?forcedownload=1`)).toBe(false);
  expect(await isRepeated(path, visitor, visitor, "/pluginfile.php/6/film.mp4")).toBe(false);
});

test("what has no session is asked about", async () => {
  expect(await isRepeated("/pluginfile.php/5/film.mp4", {})).toBe(false);
  expect(await isRepeated("/pluginfile.php/5/film.mp4", { cookie: "MOODLEID1_=x" })).toBe(false);
});

test.each([
  ["a browser may not keep as long", "/pluginfile.php/5/film.mp4?age=29"],
  ["begins a session", "/pluginfile.php/5/film.mp4?cookie=1"],
  ["comes from PHP itself", "/pluginfile.php/5/film.mp4?by=php"],
  ["is a failure", "/pluginfile.php/5/film.mp4?by=php&status=404"],
  ["is small", "/pluginfile.php/5/icon.png?file=icon"],
  ["is no file of Moodle's", "/other.php/5/film.mp4"],
])("what %s is asked about", async (_, path) => {
  expect(await isRepeated(path)).toBe(false);
});

test("a file that is no longer on the shared folder is asked about", async () => {
  const visitor = session();
  await server.get("/pluginfile.php/5/film.mp4", visitor);
  rmSync(join(folder.directory, "data/filedir/ab/film"));
  expect(await server.get("/pluginfile.php/5/film.mp4", visitor)).toMatchObject({ status: 200, body: "by PHP" });
});
