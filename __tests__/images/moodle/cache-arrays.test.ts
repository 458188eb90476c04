import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { image } from "./support/moodle-folder";

/** Moodle's store as far as this one asks it, in the memory of one process. */
const APCU = `
class cachestore_apcu {
    public static array $kept = [];
    public function __construct($name, array $configuration = []) {}
    public function get($key) { return self::$kept[$key] ?? false; }
    public function get_many($keys) { return array_combine($keys, array_map(fn($key) => cachestore_apcu::get($key), $keys)); }
    public function set($key, $data) { self::$kept[$key] = $data; return true; }
    public function set_many(array $pairs) { foreach ($pairs as $pair) cachestore_apcu::set($pair['key'], $pair['value']); return count($pairs); }
}`;
/** What languages and capabilities have, of any length. */
const STRINGS = `
function strings(int $count): array {
    $strings = ['quote' => "it's \\\\ \\$x", 'nul' => "a\\0b", 'kind' => [1, -2.5, true, null, 'ü', PHP_INT_MIN], 7 => 'seven'];
    for ($i = 0; $i < $count; $i++) $strings["key$i"] = str_repeat("string $i ", 5);
    return $strings;
}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "arrays-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What code returns that has a store. */
function store(code: string): unknown {
  const script = `${APCU} ${STRINGS} require '${image}/caches/CacheArrays.php';
    $store = new platform\\CacheArrays('arrays', ['folder' => '${folder}']);
    echo json_encode((function () use ($store) { ${code} })());`;
  const { stdout, stderr } = spawnSync("php", ["-d", "display_errors=stderr", "-r", script], { encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

const files = () => readdirSync(folder).filter((name) => name.endsWith(".php"));

test("a large array is a file, and comes back as it was", () => {
  const code = `$store->set('a', strings(200));
    return [$store->get('a') === strings(200), strlen(cachestore_apcu::$kept['a']) < 100, $store->get_many(['a', 'b']) === ['a' => strings(200), 'b' => false]];`;
  expect(store(code)).toEqual([true, true, true]);
  expect(files()).toHaveLength(1);
  expect(readdirSync(folder)).toEqual(files());
});

test("many at once are kept as one is", () => {
  const code = `$store->set_many([['key' => 'a', 'value' => strings(200)], ['key' => 'b', 'value' => 'text']]);
    return [$store->get('a') === strings(200), $store->get('b')];`;
  expect(store(code)).toEqual([true, "text"]);
  expect(files()).toHaveLength(1);
});

test("the same content is one file, whatever its keys, and another content another", () => {
  const code = `$store->set('first', strings(200)); $store->set('second', strings(200)); $store->set('third', strings(201));
    return [$store->get('second') === strings(200), $store->get('third') === strings(201)];`;
  expect(store(code)).toEqual([true, true]);
  expect(files()).toHaveLength(2);
});

test("what is small, no array, or holds an object stays in memory", () => {
  const code = `$object = ['deep' => [new ArrayObject(strings(200))]] + strings(200);
    $store->set('small', strings(3)); $store->set('text', str_repeat('x', 9000)); $store->set('object', $object);
    return [$store->get('small') === strings(3), strlen($store->get('text')), $store->get('object') === $object];`;
  expect(store(code)).toEqual([true, 9000, true]);
  expect(files()).toEqual([]);
});

test("what cannot be written stays in memory, and a file that is gone is a miss", () => {
  writeFileSync(join(folder, "no-folder"), "");
  const code = `$other = new platform\\CacheArrays('arrays', ['folder' => '${folder}/no-folder']);
    @$other->set('kept', strings(200)); $store->set('gone', strings(200)); array_map(unlink(...), glob('${folder}/*.php'));
    return [$other->get('kept') === strings(200), $store->get('gone')];`;
  expect(store(code)).toEqual([true, false]);
});

test("a text that names another file is no more than a text", () => {
  writeFileSync(join(folder, "other.php"), "<?php return 'included';");
  const code = `$store->set('a', "platform\\0other.php"); $store->set('b', "platform\\0../other.php");
    return [$store->get('a') === "platform\\0other.php", $store->get('b') === "platform\\0../other.php"];`;
  expect(store(code)).toEqual([true, true]);
});
