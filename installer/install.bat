@echo off
rem Double-click this file: it finds a Python and runs install.py with it. No administrator rights are needed.
rem At a prompt, everything after its name is passed on:  install.bat --dry-run
setlocal EnableExtensions DisableDelayedExpansion
set CODE=1

set "SETUP=%~dp0install.py"
if not exist "%SETUP%" set "SETUP=%~dp0installer\install.py"
if exist "%SETUP%" goto start
echo This file cannot find install.py. If you are looking into a zip, it is not extracted yet:
echo close it, right-click it, choose "Extract All...", and start this again in the new folder.
goto end

:start
set PYTHON=
call :find
if not defined PYTHON call :offer
if not defined PYTHON goto end
%PYTHON% "%SETUP%" %*
set CODE=%ERRORLEVEL%

:end
rem Without arguments this was a double click, whose window would close before anybody has read it.
echo.
if "%~1"=="" pause
exit /b %CODE%

:find
rem Newer launchers would install a Python unasked.
set PYTHON_MANAGER_AUTOMATIC_INSTALL=false
set CANDIDATE=py.exe -3
call :try
rem Where winget puts one: this window does not hear of a new PATH.
set CANDIDATE="%LOCALAPPDATA%\Programs\Python\Python312\python.exe"
call :try
rem Every installed Python stands in the registry (PEP 514).
for %%K in (HKCU HKLM) do for /f "tokens=2,*" %%A in ('reg query %%K\Software\Python /s /v ExecutablePath 2^>nul') do (
  set CANDIDATE="%%B"
  call :try
)
set CANDIDATE=python.exe

:try
rem 3.10 or newer, but not the Microsoft Store's: Windows hides from OBS what that one writes.
if defined PYTHON exit /b
set "TRIAL=import sys; sys.exit(sys.version_info < (3, 10) or 'WindowsApps' in sys.base_prefix)"
%CANDIDATE% -c "%TRIAL%" >nul 2>nul <nul
if %ERRORLEVEL%==0 set PYTHON=%CANDIDATE%
exit /b

:offer
echo No Python was found that can be used: it must be 3.10 or newer, and not from the Microsoft Store.
winget.exe --version >nul 2>nul
if not %ERRORLEVEL%==0 goto advise
"%SystemRoot%\System32\choice.exe" /c yn /m "Install Python 3.12 now, for you alone, with Windows' own winget"
if not %ERRORLEVEL%==1 goto advise
winget.exe install --exact --id Python.Python.3.12 --source winget --scope user --architecture x64
call :find
if defined PYTHON exit /b
:advise
echo.
echo Get "Windows installer (64-bit)" of Python 3.12 from
echo   https://www.python.org/downloads/release/python-31210/
echo run it, and start this again.
exit /b
