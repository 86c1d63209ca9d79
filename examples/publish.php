<?php
// SPDX-License-Identifier: Apache-2.0
// Publishes one notification: php publish.php USER TITLE
declare(strict_types=1);

const PATIENCE_S = 30;

// [status, Retry-After, body]; null when no answer came: nobody knows whether it was stored.
function attempt(string $key, string $body): ?array
{
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => [
            'Authorization: Bearer ' . getenv('BELFRY_API_KEY'),
            'Content-Type: application/json',
            'Idempotency-Key: ' . $key,
        ],
        'content' => $body,
        'ignore_errors' => true,
        'timeout' => 10,
    ]]);
    $text = @file_get_contents('http://' . getenv('BELFRY_INGEST_HTTP') . '/v1/notify', false, $context);
    $answer = $text === false ? null : json_decode($text, true);
    if (!is_array($answer) || !preg_match('~^HTTP/\S+ (\d+)~', $http_response_header[0] ?? '', $status)) {
        return null;
    }
    $after = null;
    foreach ($http_response_header as $line) {
        if (preg_match('~^Retry-After: *(\d+)~i', $line, $found)) {
            $after = (float) $found[1];
        }
    }
    return [(int) $status[1], $after, $answer];
}

[, $user, $title] = $argv;
$body = json_encode(['userId' => $user, 'title' => $title], JSON_THROW_ON_ERROR);
$key = bin2hex(random_bytes(16)); // the same for every attempt
$deadline = microtime(true) + PATIENCE_S;
for ($wait = 0.2;; $wait = min($wait * 2, 5)) {
    $answer = attempt($key, $body);
    if ($answer !== null && $answer[0] < 300) {
        echo $answer[2]['id'] ?? 'suppressed', "\n";
        exit(0);
    }
    if ($answer !== null && $answer[0] < 500 && $answer[0] !== 429) {
        fwrite(STDERR, "$answer[0]: {$answer[2]['detail']}\n");
        exit(1);
    }
    $pause = $answer[1] ?? $wait * (0.5 + mt_rand() / mt_getrandmax());
    if (microtime(true) + $pause > $deadline) {
        fwrite(STDERR, "gave up; whether it was stored is unknown\n");
        exit(1);
    }
    usleep((int) ($pause * 1e6));
}
