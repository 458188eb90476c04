<?php
namespace platform;

function cache_settings(Environment $env, \stdClass $cfg): void {
}
