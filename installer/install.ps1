# For a PowerShell prompt: install.bat does the work.  Where scripts are not allowed, for this one time:
#   powershell -ExecutionPolicy Bypass -File install.ps1 --dry-run
$quoted = @($args | ForEach-Object { '"{0}"' -f $_ })  # cmd would cut an & out of a bare word
& (Join-Path $PSScriptRoot 'install.bat') @quoted
exit $LASTEXITCODE
